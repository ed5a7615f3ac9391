"""A row of weeks for a curve."""

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
