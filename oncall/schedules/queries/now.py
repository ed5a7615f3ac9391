"""Who is on call at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from core.accounts.models import User
from oncall.schedules.queries.reading import HORIZON, resolve
from oncall.schedules.queries.rows import schedules
from oncall.schedules.queries.stretches import shifts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from oncall.schedules.models import Schedule
    from oncall.schedules.queries.reading import Resolved
    from oncall.schedules.queries.stretches import Shift
    from oncall.schedules.rules import resolver


def on_call(schedule_ids: Iterable[int], at: datetime | None = None) -> dict[int, resolver.Slice]:
    """Who is on call in each of these schedules at an instant (default: now), with the reason."""
    instant = at or timezone.now()
    found = resolve(schedule_ids, start=instant, end=instant + timedelta(microseconds=1))
    return {pk: one.at(instant) for pk, one in found.items()}


@dataclass(frozen=True, slots=True)
class Watch:
    """One schedule right now: who has it, until when, who is next."""

    schedule: Schedule
    now: resolver.Now
    people: tuple[User, ...]
    next_people: tuple[User, ...]


def watches(
    schedule_ids: Collection[int] | None = None,
    at: datetime | None = None,
    *,
    read: Mapping[int, Resolved] | None = None,
) -> list[Watch]:
    """Who has each schedule (None: all) at an instant, by name of the schedule.

    `read` are the schedules where they were read already, from that instant to the horizon.
    """
    rows = schedules() if schedule_ids is None else schedules().filter(pk__in=schedule_ids)
    return _watched(list(rows), at or timezone.now(), read)


def watch(schedule: Schedule, at: datetime | None = None) -> Watch:
    """Who has one schedule at an instant."""
    return _watched([schedule], at or timezone.now())[0]


def _watched(
    rows: Sequence[Schedule], instant: datetime, read: Mapping[int, Resolved] | None = None
) -> list[Watch]:
    found = read
    if found is None or not all(row.pk in found for row in rows):
        found = resolve([row.pk for row in rows], start=instant, end=instant + HORIZON)
    states = {row.pk: found[row.pk].now(instant) for row in rows}
    ids = {
        pk
        for state in states.values()
        for piece in (state.current, state.following)
        if piece
        for pk in piece.users
    }
    people = User.objects.in_bulk(ids)

    def named(piece: resolver.Slice | None) -> tuple[User, ...]:
        return tuple(people[pk] for pk in piece.users if pk in people) if piece else ()

    return [
        Watch(row, states[row.pk], named(states[row.pk].current), named(states[row.pk].following))
        for row in rows
    ]


def next_shift(user: User) -> Shift | None:
    """The shift that a person has now, or the first of the next four weeks, with its real end."""
    now = timezone.now()
    return next(iter(shifts_of(user, start=now, end=now + timedelta(days=28))), None)
