"""What merging and splitting need of alerts and public notices. Their apps register them in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert of an incident, as one chooses it."""

    pk: int
    title: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """What customers read of an incident and were not told the end of, and where they read it."""

    title: str
    url: str


FindNotices = Callable[["Incident"], Sequence[NoticeLine]]
Find = Callable[["Incident"], Sequence[AlertLine]]
Move = Callable[[Collection[int], "Incident", "Incident", "User | None"], list[int]]

_alerts: list[tuple[Find, Move]] = []


def set_alerts(find: Find, move: Move) -> None:
    """Name what gives the alerts of an incident, and what moves some from one to another in the caller's transaction."""
    _alerts[:] = [(find, move)]


def alerts(incident: Incident) -> Sequence[AlertLine]:
    """Give the alerts of an incident."""
    return _alerts[0][0](incident) if _alerts else ()


def move(ids: Collection[int], *, source: Incident, target: Incident, actor: User | None) -> list[int]:
    """Move alerts from one incident to another; give those that were moved. Others stay where they are."""
    return _alerts[0][1](ids, source, target, actor) if _alerts and ids else []


_notices: list[FindNotices] = []


def set_notices(find: FindNotices) -> None:
    """Name what gives the public notices of an incident that are open."""
    _notices[:] = [find]


def notices(incident: Incident) -> Sequence[NoticeLine]:
    """Give the public notices of an incident that are open."""
    return _notices[0](incident) if _notices else ()
