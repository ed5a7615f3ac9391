"""One way to answer with HTML."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as _render
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django_htmx.middleware import HtmxDetails

    class HtmxHttpRequest(HttpRequest):
        """A request that passed django-htmx's middleware."""

        htmx: HtmxDetails

else:
    HtmxHttpRequest = HttpRequest


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Answer with a page or, for a template whose file starts with `_`, with a fragment.

    A fragment that answers a write carries the pending messages along, out of band, as toasts.
    """
    response = _render(request, template, dict(context or {}), status=status)
    if _is_answer_to_htmx_write(request, template) and len(get_messages(request)):
        response.write(render_to_string("ui/_toasts_oob.html", {}, request=request))
    return response


def _is_answer_to_htmx_write(request: HttpRequest, template: str) -> bool:
    return (
        request.method == "POST"
        and bool(getattr(request, "htmx", False))
        and PurePosixPath(template).name.startswith("_")
    )
