"""What the request at hand is, for whoever is asked deep inside of it: does it write, does a program ask?"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

API = "/api/"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. Work that no request began looks and writes nothing."""

    writes: bool = False
    is_api: bool = False


def of(method: str | None, path: str) -> Visit:
    """Give the visit that a request with this method to this path is."""
    return Visit(writes=method not in {"GET", "HEAD", "OPTIONS"}, is_api=path.startswith(API))


current: ContextVar[Visit | None] = ContextVar("visit", default=None)


def writes() -> bool:
    """Say whether the request at hand may change something."""
    visit = current.get()
    return visit is not None and visit.writes


def is_api() -> bool:
    """Say whether the request at hand came through the REST API."""
    visit = current.get()
    return visit is not None and visit.is_api
