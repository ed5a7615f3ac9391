"""Who will not be there: when a policy asks nobody, who cannot be reached, and when whoever owns it is warned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS_AHEAD = 14
WARNED_DAYS = (1, 3, 14)
"""So many days ahead the owner is warned, once each."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time, its end not included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that will be missing: in a sentence, from when on, and its page. `key` tells it apart for ever.

    A grave one means that nobody is asked at all.
    """

    key: str
    text: str
    start: datetime
    path: str
    policy_id: int
    is_grave: bool = False


def gaps(covered: Iterable[Span], window: Span) -> list[Span]:
    """Give the stretches of a window that none of these spans covers."""
    found, until = [], window.start
    for span in sorted(covered):
        if span.start > until:
            found.append(Span(until, min(span.start, window.end)))
        until = max(until, span.end)
        if until >= window.end:
            return found
    return [*found, Span(until, window.end)]


def warned_at(start: datetime, *, now: datetime) -> int:
    """Give how many days ahead the warning of this moment is: 1, 3 or 14."""
    return next(days for days in WARNED_DAYS if start - now <= timedelta(days=days))


def words(lacks: Sequence[Lack], *, now: datetime) -> str:
    """Say how much is missing, and what is so already."""
    already = [lack for lack in lacks if lack.start <= now]
    if already:
        return already[0].text + (f" {len(lacks) - 1} more." if len(lacks) > 1 else "")
    number = "One thing is" if len(lacks) == 1 else f"{len(lacks)} things are"
    return f"{number} missing in the next {DAYS_AHEAD} days. The first: {lacks[0].text}"
