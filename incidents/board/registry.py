"""What the board and the declare screen know of other apps, which register it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.accounts.models import User


@dataclass(frozen=True, slots=True)
class Learning:
    """Where the postmortem of an incident stands: words, kind of label, page."""

    text: str
    kind: str = ""
    url: str = ""


Find = Callable[["User", Sequence[int]], Mapping[int, Learning]]

_find: list[Find] = []


def set_learning(find: Find) -> None:
    """Name the function that gives it by incident id, in `AppConfig.ready()`."""
    _find[:] = [find]


def learning(user: User, incident_ids: Sequence[int]) -> Mapping[int, Learning]:
    """Give it by incident id; an incident without a postmortem is missing."""
    return _find[0](user, incident_ids) if _find and incident_ids else {}


Paged = Callable[["User", Sequence[int]], Sequence[str]]

_paged: list[Paged] = []


def set_first_paged(find: Paged) -> None:
    """Name the function that gives who is asked first for these services, in `AppConfig.ready()`."""
    _paged[:] = [find]


def first_paged(user: User, service_ids: Sequence[int]) -> Sequence[str]:
    """Give the names of who is asked first when an incident of these services pages."""
    return _paged[0](user, service_ids) if _paged else ()
