"""Who is away when, and who rests, as the features that know it say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from oncall.swaps.rules import Span

Read = Callable[[Collection[int], datetime, datetime], Iterable[tuple[int, Span]]]
"""Given some people and a window: each of them with a stretch in which they are away."""

_known: list[Read] = []
_rests: list[Read] = []


def add_absences(read: Read) -> None:
    """Let a feature say who is away."""
    _known.append(read)


def add_rests(read: Read) -> None:
    """Let a feature say who rests after a night."""
    _rests.append(read)


def absences(user_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """Give when these people are away within a window."""
    return _asked(_known, user_ids, start, end)


def rests(user_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """Give when these people rest after a night that was too much."""
    return _asked(_rests, user_ids, start, end)


def _asked(
    features: Iterable[Read], user_ids: Collection[int], start: datetime, end: datetime
) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for read in features:
        for user, span in read(user_ids, start, end):
            found.setdefault(user, []).append(span)
    return found
