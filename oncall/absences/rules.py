"""Who is away while on call: stretches of absence against stretches of duty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Away:
    """A stretch in which a person is not there, and what they say of it."""

    user: int
    start: datetime
    end: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A stretch in which a person has a schedule."""

    user: int
    schedule: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """What of a shift falls into an absence: [start, end)."""

    duty: Duty
    away: Away
    start: datetime
    end: datetime


def conflicts(duties: Iterable[Duty], absences: Iterable[Away]) -> list[Conflict]:
    """Give every stretch in which somebody is on call and away, soonest first. Nobody is taken off by it."""
    away: defaultdict[int, list[Away]] = defaultdict(list)
    for absence in absences:
        away[absence.user].append(absence)
    found = [
        Conflict(duty, absence, max(duty.start, absence.start), min(duty.end, absence.end))
        for duty in duties
        for absence in away[duty.user]
        if duty.start < absence.end and absence.start < duty.end
    ]
    return sorted(found, key=lambda each: (each.start, each.duty.user, each.duty.schedule, each.end))
