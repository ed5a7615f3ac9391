"""How a refusal looks: a toast where htmx asked, a page with a way back elsewhere."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from core.errors import Refused
from core.ui.render import render

if TYPE_CHECKING:
    from collections.abc import Generator

    from django.forms import BaseForm
    from django.http import HttpRequest


@contextmanager
def shown_in(form: BaseForm, field: str | None = None) -> Generator[None]:
    """Let a refusal inside stand in the form, at `field` or above it, and go on behind the block."""
    try:
        yield
    except Refused as refusal:
        form.add_error(field, str(refusal))


def answer(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """Say why an operation said no, with status 409."""
    if getattr(request, "htmx", False):
        toast = json.dumps({"toast": {"level": "error", "text": str(refusal)}})
        return HttpResponse(status=409, headers={"HX-Trigger": toast, "HX-Reswap": "none"})
    return render(request, "409.html", {"reason": str(refusal), "back": _back(request)}, status=409)


def _back(request: HttpRequest) -> str:
    referrer = request.headers.get("referer", "")
    known = url_has_allowed_host_and_scheme(referrer, {request.get_host()}, request.is_secure())
    return referrer if known else "/"
