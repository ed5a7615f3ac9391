"""`/regions/`: the living parts of a page in one answer, each drawn once for all who see it alike.

A change has a mark, which its event carries and the pages that heard of it send back. What is drawn for a mark was drawn
after the change was committed, so it may be given to everybody else who asks for that mark and would see the same. Who
may see it is asked each time, before anything is looked up.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from http import HTTPStatus
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_GET

from core.live.shared import shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from django.http import HttpResponse
    from django.urls import ResolverMatch

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
    does, and raises `Http404` for who may not see it at all. `request.known` is a dict in which it and the views
    keep answers for the other parts of the same page.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def part(request: PersonRequest, *args: Any, **named: Any) -> HttpResponse:
            if not hasattr(request, "known"):
                request.known = {}
            return view(request, *args, **named)

        part.region = (alike,)  # type: ignore[attr-defined]
        return part  # type: ignore[return-value]

    return mark


@dataclass(frozen=True, slots=True)
class Part:
    """One that was asked for: its view, the mark it was heard with, and what all share who see the same."""

    url: str
    mark: str
    view: Any
    named: dict[str, Any]
    shared: Hashable | None

    @property
    def key(self) -> Hashable:
        """What its text is kept by."""
        return self.url, self.mark, self.shared

    def still_shared(self, request: PersonRequest) -> bool:
        """Say whether this person sees what those see whom it was drawn for."""
        try:
            return bool(self.view.region[0](request, **self.named) == self.shared)
        except (Http404, PermissionDenied):
            return False

    def draw(self, request: PersonRequest) -> str | None:
        """Give its HTML as if it were asked for alone, without the token of whoever asks; None where it is not there."""
        parts = urlsplit(self.url)
        alone: Any = copy.copy(request)
        alone.path = alone.path_info = parts.path
        alone.GET = QueryDict(parts.query)
        alone.META = {**request.META, "QUERY_STRING": parts.query, "PATH_INFO": parts.path}
        try:
            answer = self.view(alone, **self.named)
        except (Http404, PermissionDenied):
            return None
        if answer.status_code != HTTPStatus.OK:
            return None
        return TOKEN.sub(rf"\g<1>{OWN_TOKEN}", answer.content.decode())


@require_GET
def regions(request: PersonRequest) -> HttpResponse:
    """Give the parts that the query names, each `r` an address and each `at` the mark it was heard with.

    The answer holds the HTML by address. What is not there, or not for this person, is left out.
    """
    get_token(request)  # there is one from here on, and the parts take it over
    parts = _parts(request)
    drawn = {part.url: part.draw(request) for part in parts if part.shared is None}
    drawn |= _shared(request, [part for part in parts if part.shared is not None])
    token = get_token(request)
    return JsonResponse(
        {url: text.replace(OWN_TOKEN, token) for url, text in drawn.items() if text is not None}
    )


def _parts(request: PersonRequest) -> list[Part]:
    """Give what was asked for and is there for this person to see."""
    marks = request.GET.getlist("at")
    wanted = dict(zip_longest(request.GET.getlist("r")[:MOST], marks[:MOST], fillvalue=""))
    request.known = {}
    found = (_part(request, url, mark[:LONGEST_MARK]) for url, mark in wanted.items())
    return [part for part in found if part is not None]


def _part(request: PersonRequest, url: str, mark: str) -> Part | None:
    found = _resolved(urlsplit(url).path)
    if found is None:
        return None
    view: Any = found.func
    (alike,) = view.region
    try:
        shared = alike(request, **found.kwargs) if mark and alike else None
    except (Http404, PermissionDenied):
        return None
    return Part(url, mark, view, found.kwargs, shared)


def _shared(request: PersonRequest, parts: Sequence[Part]) -> dict[str, str | None]:
    """Give the texts of the parts that are drawn once for all who see them alike."""

    def holds() -> bool:
        request.known = {}  # somebody may have come to know more while it was drawn for the others
        return all(part.still_shared(request) for part in parts)

    texts = shelf.several({part.key: partial(part.draw, request) for part in parts}, holds=holds)
    return {part.url: texts[part.key] for part in parts}


@lru_cache(maxsize=2000)
def _resolved(path: str) -> ResolverMatch | None:
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return found if hasattr(found.func, "region") else None
