"""Who is away when, as the feature above swaps that knows it says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from oncall.swaps.rules import Span

Read = Callable[[Collection[int], datetime, datetime], Iterable[tuple[int, Span]]]
"""Given some people and a window: each of them with a stretch in which they are away."""

_known: list[Read] = []


def add_absences(read: Read) -> None:
    """Let a feature say who is away."""
    _known.append(read)


def absences(user_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """Give when these people are away within a window."""
    found: dict[int, list[Span]] = {}
    for read in _known:
        for user, span in read(user_ids, start, end):
            found.setdefault(user, []).append(span)
    return found
