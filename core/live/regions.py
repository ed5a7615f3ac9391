"""`/regions/`: the living parts of a page in one answer, each drawn once for all who see it alike.

A change has a mark, which its event carries and the pages that heard of it send back. What is drawn for a mark was drawn
after the change was committed, so it may be given to everybody else who asks for that mark and would see the same. Who
may see it is asked each time, before anything is looked up.
"""

from __future__ import annotations

import copy
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_GET

from core.live.shared import shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from django.http import HttpRequest, HttpResponse

    from core.accounts.requests import PersonRequest

    Alike = Callable[..., Hashable | None]

View = TypeVar("View", bound="Callable[..., HttpResponse]")

MOST = 30
LONGEST_MARK = 40
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}')
OWN_TOKEN = "\x00token\x00"  # noqa: S105 - stands for the token of whoever asks


def region(alike: Alike | None = None) -> Callable[[View], View]:
    """Let a view be one of the parts that are asked for together.

    `alike(request, **arguments of the address)` gives what all share who see the same as this person, None where nobody
    does, and raises `Http404` for who may not see it at all. `request.known` is a dict that it may keep answers in for
    the other parts of the same page.
    """

    def mark(view: View) -> View:
        view.region = (alike,)  # type: ignore[attr-defined]
        return view

    return mark


@require_GET
def regions(request: PersonRequest) -> HttpResponse:
    """Give the parts that the query names, each `r` an address and each `at` the mark it was heard with.

    The answer holds the HTML by address. What is not there, or not for this person, is left out.
    """
    marks = request.GET.getlist("at")
    get_token(request)  # there is one from here on, and the parts take it over
    known: dict[Any, Any] = {}
    drawn: dict[str, str] = {}
    for number, url in enumerate(request.GET.getlist("r")[:MOST]):
        if url in drawn:
            continue
        mark = marks[number][:LONGEST_MARK] if number < len(marks) else ""
        text = _part(request, url, mark, known)
        if text is not None:
            drawn[url] = text
    return JsonResponse(drawn)


def _part(request: PersonRequest, url: str, mark: str, known: dict[Any, Any]) -> str | None:
    parts = urlsplit(url)
    found = _resolved(parts.path)
    if found is None:
        return None
    part = _as_if_asked_alone(request, parts.path, parts.query)
    part.known = known

    def draw() -> str:
        answer = found.func(part, **found.kwargs)
        if answer.status_code != HTTPStatus.OK:
            raise Http404
        text: str = answer.content.decode()
        return text

    (alike,) = found.func.region
    try:
        shared = alike(part, **found.kwargs) if mark and alike else None
        if shared is None:
            return draw()
        text = shelf.get(
            (url, mark, shared),
            lambda: TOKEN.sub(rf"\g<1>{OWN_TOKEN}", draw()),
            holds=lambda: _again(alike, part, found.kwargs) == shared,
        )
    except (Http404, PermissionDenied):
        return None
    return text.replace(OWN_TOKEN, get_token(request))


def _again(alike: Alike, part: Any, kwargs: dict[str, Any]) -> Hashable | None:
    """Ask anew who sees the same: somebody may have come to know more while it was drawn for the others."""
    part.known = {}
    return alike(part, **kwargs)


def _resolved(path: str) -> Any | None:
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return found if hasattr(found.func, "region") else None


def _as_if_asked_alone(request: HttpRequest, path: str, query: str) -> Any:
    part = copy.copy(request)
    part.path = part.path_info = path
    part.GET = QueryDict(query)
    part.META = {**request.META, "QUERY_STRING": query, "PATH_INFO": path}
    return part
