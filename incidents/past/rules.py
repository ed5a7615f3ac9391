"""What the incidents of a service say about it over time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Between:
    """From the beginning of one failure to the beginning of the next: how often, on average, and the middle one."""

    failures: int
    mean_seconds: float | None
    median_seconds: float | None


def between(begun: Sequence[datetime]) -> Between:
    """Measure the time between failures; with fewer than two there is none."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(sorted(begun))]
    return Between(len(begun), mean(gaps) if gaps else None, median(gaps) if gaps else None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days on which an incident was open, and how bad it was; rank 1 is the worst."""

    first: date
    last: date
    rank: int


def worst_by_day(stretches: Sequence[Stretch], *, days: Sequence[date]) -> list[int | None]:
    """Give the worst rank of each day, None where nothing was open."""
    return [
        min((row.rank for row in stretches if row.first <= day <= row.last), default=None) for day in days
    ]
