"""Stretches of time [start, end)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from oncall.quiet.rules import instant

Span = tuple[datetime, datetime]
DAY = timedelta(days=1)
LONGEST = timedelta(days=366)
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)


class Unfit(ValueError):
    """A period that nothing is told about; says why."""


def period(first: date, last: date) -> None:
    """Refuse a period, both dates included, that ends before it begins or is longer than a year."""
    if last < first:
        raise Unfit("The period ends before it begins.")
    if first < FIRST or last > LAST:
        raise Unfit(f"Give dates from {FIRST} to {LAST}.")
    if last - first >= LONGEST:
        raise Unfit("A period is at most 366 days long.")


def united(spans: Iterable[Span]) -> list[Span]:
    """Join what overlaps or adjoins; what has no length is left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def within(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Give what of these lies in [start, end)."""
    cut = ((max(begin, start), min(finish, end)) for begin, finish in spans)
    return [span for span in cut if span[0] < span[1]]


def without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Give what of these lies in none of the others."""
    left = united(spans)
    for start, end in united(others):
        left = [
            span
            for begin, finish in left
            for span in ((begin, min(finish, start)), (max(begin, end), finish))
            if span[0] < span[1]
        ]
    return left


def length(spans: Iterable[Span]) -> timedelta:
    """Give how long they are together."""
    return sum((end - start for start, end in spans), timedelta())


@lru_cache(maxsize=20_000)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give when a date begins by the clocks of a zone."""
    return instant(day, time(), zone)
