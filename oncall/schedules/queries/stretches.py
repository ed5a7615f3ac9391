"""The stretches in which people are on call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncall.schedules.queries.reading import naming, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.queries.reading import Resolved
    from oncall.schedules.rules import resolver


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which one person has one schedule."""

    schedule_id: int
    name: str
    start: datetime
    end: datetime
    override: int | None


def shifts_of(user: User, *, start: datetime, end: datetime) -> list[Shift]:
    """When a person is on call in [start, end), all schedules together, soonest first."""
    shifts: list[Shift] = []
    for one in resolve(naming([user.pk]), start=start, end=end).values():
        shifts += _merged(one, user.pk, one.final(start, end))
    return sorted(shifts, key=lambda shift: (shift.start, shift.name))


def shifts(*, start: datetime, end: datetime) -> list[tuple[int, Shift]]:
    """When anybody is on call in [start, end), all schedules together: the person's id and the shift, soonest first."""
    found = [
        (user_id, shift)
        for one in resolve(None, start=start, end=end).values()
        for slices in [one.final(start, end)]
        for user_id in {pk for piece in slices for pk in piece.users}
        for shift in _merged(one, user_id, slices)
    ]
    return sorted(found, key=lambda pair: (pair[1].start, pair[1].name, pair[0]))


def shifts_in(one: Resolved, user_id: int, *, start: datetime, end: datetime) -> list[Shift]:
    """When a person has one schedule in [start, end), which it was read for."""
    return _merged(one, user_id, one.final(start, end))


def _merged(one: Resolved, user_id: int, slices: Sequence[resolver.Slice]) -> list[Shift]:
    found: list[Shift] = []
    for piece in slices:
        if user_id not in piece.users:
            continue
        if found and found[-1].end == piece.start:
            found[-1] = Shift(
                one.schedule_id, one.name, found[-1].start, piece.end, found[-1].override or piece.override
            )
        else:
            found.append(Shift(one.schedule_id, one.name, piece.start, piece.end, piece.override))
    return found
