"""A row of weeks for a curve, and of months for a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

WEEK = timedelta(weeks=1)


def row(counts: Iterable[tuple[date, int]], first: date, last: date) -> list[tuple[date, int]]:
    """Give each week of a period by its Monday, with 0 where nothing was counted."""
    known = dict(counts)
    monday = first - timedelta(days=first.weekday())
    found = []
    while monday <= last:
        found.append((monday, known.get(monday, 0)))
        monday += WEEK
    return found


def months(first: date, last: date) -> list[date]:
    """Give the months that a period meets, by their first dates."""
    found = [first.replace(day=1)]
    while (following := (found[-1] + timedelta(days=31)).replace(day=1)) <= last:
        found.append(following)
    return found
