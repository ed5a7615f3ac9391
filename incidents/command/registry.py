"""What command needs to know of others, who register it: who is away, and what else a new commander must know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from incidents.lifecycle.models import Incident

Absent = Callable[[Collection[int], "datetime"], Collection[int]]

_absent: list[Absent] = []


def set_absent(find: Absent) -> None:
    """Name the function that gives who of these people is away at an instant, in `AppConfig.ready()`."""
    _absent[:] = [find]


def absent(ids: Collection[int], *, at: datetime) -> frozenset[int]:
    """Give who of these people is away."""
    return frozenset(_absent[0](ids, at)) if _absent and ids else frozenset()


Lines = Callable[["Incident"], Sequence[tuple[str, str]]]

_lines: list[Lines] = []


def add_to_briefing(lines: Lines) -> None:
    """Let every briefing have these lines as well, each with what it is about; call it in `AppConfig.ready()`."""
    _lines.append(lines)


def more_lines(incident: Incident) -> list[tuple[str, str]]:
    """Give what others have to say in a briefing."""
    return [line for lines in _lines for line in lines(incident)]
