"""What apps keep that is of one person alone. They name it in `AppConfig.ready()`, so that it goes with the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User


@dataclass(frozen=True, slots=True)
class Own:
    """Rows that are a person's own and deleted with them. Those of which some are private are not counted."""

    what: str
    rows: QuerySet[Any]
    is_counted: bool = True


Find = Callable[["User"], Iterable[Own]]
Look = Callable[["User", "User"], None]

_finds: dict[str, Find] = {}
_of_address: dict[str, Callable[[str], Iterable[Own]]] = {}
_looks: dict[str, Look] = {}


def own(app: str, find: Find) -> None:
    """Let `find(user)` give what an app keeps of a person alone."""
    _finds[app] = find


def of_address(app: str, find: Callable[[str], Iterable[Own]]) -> None:
    """Let `find(email)` give what an app keeps for somebody who has no account."""
    _of_address[app] = find


def on_export(app: str, look: Look) -> None:
    """Let an app note that one person was handed what is kept about another: `look(viewer, user)`."""
    _looks[app] = look


def owned(user: User) -> list[Own]:
    """Give what is a person's own."""
    return [one for find in _finds.values() for one in find(user)]


def addressed(email: str) -> list[Own]:
    """Give what is kept for an address outside."""
    return [one for find in _of_address.values() for one in find(email)]


def exported(viewer: User, user: User) -> None:
    """Say that one person was handed what is kept about another."""
    for look in _looks.values():
        look(viewer, user)
