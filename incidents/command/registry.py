"""What command needs to know of others, who register it: who is away, and who is on call to command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

Absent = Callable[[Collection[int], "datetime"], Collection[int]]

_absent: list[Absent] = []


def set_absent(find: Absent) -> None:
    """Name the function that gives who of these people is away at an instant, in `AppConfig.ready()`."""
    _absent[:] = [find]


def absent(ids: Collection[int], *, at: datetime) -> frozenset[int]:
    """Give who of these people is away."""
    return frozenset(_absent[0](ids, at)) if _absent and ids else frozenset()


OnCall = Callable[[str, "datetime"], Collection[int]]

_on_call: list[OnCall] = []


def set_on_call(find: OnCall) -> None:
    """Name the function that gives who is on call in the schedule of a slug, in `AppConfig.ready()`."""
    _on_call[:] = [find]


def on_call(slug: str, *, at: datetime) -> list[int]:
    """Give who is on call in a schedule."""
    return list(_on_call[0](slug, at)) if _on_call and slug else []
