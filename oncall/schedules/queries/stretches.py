"""The stretches in which people are on call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.accounts.models import User
from oncall.schedules.queries.reading import naming, resolve
from oncall.schedules.rules.layers import Exceptional

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from oncall.schedules.models import Schedule
    from oncall.schedules.queries.reading import Resolved
    from oncall.schedules.rules import layers as values
    from oncall.schedules.rules import resolver


@dataclass(frozen=True, slots=True)
class Taken:
    """The exception by which somebody has a stretch: from whom, who entered it, and since when it gives it to them."""

    kind: Exceptional
    id: int
    whose: tuple[int, ...]
    by: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which one person has one schedule, and the exceptions by which they have it, or a part of it."""

    schedule_id: int
    name: str
    start: datetime
    end: datetime
    override: int | None
    taken: tuple[Taken, ...] = ()


def shifts_of(
    user: User, *, start: datetime, end: datetime, read: Mapping[int, Resolved] | None = None
) -> list[Shift]:
    """When a person is on call in [start, end), all schedules together, soonest first.

    `read` are the schedules where they were read already, for that time at least.
    """
    shifts: list[Shift] = []
    ids = naming([user.pk])
    known = resolve(ids, start=start, end=end) if read is None else {pk: read[pk] for pk in ids if pk in read}
    for one in known.values():
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


def have(schedule: Schedule, start: datetime, end: datetime) -> list[User]:
    """Give who is on call in one schedule somewhere in [start, end), by name."""
    one = resolve([schedule.pk], start=start, end=end)[schedule.pk]
    ids = {pk for piece in one.final(start, end) for pk in piece.users}
    return list(User.objects.filter(pk__in=ids).order_by("name", "pk"))


def whose(found: Iterable[Shift]) -> dict[int, User]:
    """Give the people who would have these shifts but for an exception."""
    return User.objects.in_bulk({pk for each in found for taken in each.taken for pk in taken.whose})


def _merged(one: Resolved, user_id: int, slices: Sequence[resolver.Slice]) -> list[Shift]:
    found: list[Shift] = []
    for piece in slices:
        if user_id not in piece.users:
            continue
        taken = _taken(one, user_id, piece)
        if found and found[-1].end == piece.start:
            last = found[-1]
            known = {(each.kind, each.id) for each in last.taken}
            more = tuple(each for each in taken if (each.kind, each.id) not in known)
            override = last.override or piece.override
            found[-1] = Shift(
                one.schedule_id, one.name, last.start, piece.end, override, (*last.taken, *more)
            )
        else:
            found.append(Shift(one.schedule_id, one.name, piece.start, piece.end, piece.override, taken))
    return found


def _taken(one: Resolved, user_id: int, piece: resolver.Slice) -> tuple[Taken, ...]:
    """The exception that gave a stretch to somebody; nothing where they have it by a rotation."""
    names = {(Exceptional.OVERRIDE, piece.override), (Exceptional.SWAP, piece.swap)}
    return tuple(
        Taken(each.kind, each.id, _whose(one, each, user_id, piece.start), each.by, piece.start)
        for each in one.overrides
        if (each.kind, each.id) in names and each.user == user_id
    )


def _whose(one: Resolved, exception: values.Override, user_id: int, at: datetime) -> tuple[int, ...]:
    """Who would be on call then but for an exception."""
    if exception.replaces is not None:
        return (exception.replaces,)
    others = tuple(each for each in one.overrides if each is not exception)
    return tuple(pk for pk in replace(one, overrides=others).at(at).users if pk != user_id)
