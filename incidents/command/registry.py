"""What command needs to know of others, who register it: who is away."""

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
