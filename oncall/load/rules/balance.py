"""How evenly hours are spread over people. It says how far each is from an even share, and puts nobody first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Balance:
    """All hours of a team, an even share of them, and how far each person is from it, in the order given."""

    total: timedelta
    even: timedelta
    beside: tuple[timedelta, ...]


def balance(times: Sequence[timedelta]) -> Balance:
    """Compare the hours of people who share the work."""
    total = sum(times, timedelta())
    even = total / len(times) if times else timedelta()
    return Balance(total, even, tuple(time - even for time in times))
