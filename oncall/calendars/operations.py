"""Read who has a schedule from a calendar that is kept elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.errors import Refused
from core.ical import copies
from oncall.calendars import queries, rules
from oncall.calendars.models import CalendarShift, ScheduleCalendar
from oncall.schedules import operations as schedules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.accounts.models import User
    from core.ical import reading
    from oncall.schedules.models import Schedule

MOST, MOST_LEFT_OUT = 10, 20


class TooMany(Refused):
    def __init__(self) -> None:
        super().__init__(f"{MOST} calendars are the most that a schedule can have. Remove one first.")


class SameName(Refused):
    def __init__(self) -> None:
        super().__init__("Another calendar of this schedule has this name.")


@transaction.atomic
def add(
    schedule: Schedule, *, name: str, url: str, use: str, rank: int = 100, actor: User
) -> ScheduleCalendar:
    """Let the events of an iCalendar address be shifts or overrides of a schedule from now on. Managers say so."""
    require(actor, Verb.CONFIGURE, schedule.team)
    mine, now = schedules.locked(schedule), timezone.now()
    known = ScheduleCalendar.objects.filter(schedule=mine, ended_at=None)
    if known.count() >= MOST:
        raise TooMany
    if known.filter(name__iexact=name.strip()).exists():
        raise SameName
    address, host = copies.sealed(url)
    made = ScheduleCalendar.objects.create(
        schedule=mine, name=name.strip(), url=address, host=host, use=use, rank=rank, created_by=actor,
        created_at=now,
    )  # fmt: skip
    schedules.mark(mine)
    schedules.changed(mine, at=now, summary=f"Calendar {made} added", actor=actor)
    return made


@transaction.atomic
def remove(calendar: ScheduleCalendar, *, actor: User) -> None:
    """Read a calendar no longer. Whom it had on call until now stays in the record."""
    require(actor, Verb.CONFIGURE, calendar.schedule.team)
    mine, now = schedules.locked(calendar.schedule), timezone.now()
    if _end(ScheduleCalendar.objects.filter(pk=calendar.pk), at=now):
        schedules.changed(mine, at=now, summary=f"Calendar {calendar} removed", actor=actor)


def end_of(schedule_id: int, at: datetime) -> None:
    """Read the calendars of a schedule no longer, which is deleted: a part of that write."""
    _end(ScheduleCalendar.objects.filter(schedule=schedule_id), at=at)


def _end(rows: Iterable[ScheduleCalendar], *, at: datetime) -> int:
    ids = [row.pk for row in rows]
    shifts = CalendarShift.objects.filter(calendar__in=ids, end__gt=at)
    shifts.filter(start__gte=at).delete()
    shifts.filter(start__lt=at).update(end=at)
    live = ScheduleCalendar.objects.filter(pk__in=ids, ended_at=None)
    return live.update(ended_at=at, url="", copy=None, etag="", error="", left_out=[])


def read_due() -> int:
    """Read the calendars that are due; give how many it were."""
    rows = ScheduleCalendar.objects.filter(ended_at=None).select_related("schedule")
    return copies.read_due(rows, zone=lambda one: people.zone(one.schedule.time_zone), keep=_keep)


def _keep(calendar: ScheduleCalendar, content: reading.Content, now: datetime) -> list[str] | None:
    """Let what is to come follow a calendar. What nobody here is meant by is left out and named."""
    mine = schedules.locked(calendar.schedule, also_deleted=True)
    if not ScheduleCalendar.objects.filter(pk=calendar.pk, ended_at=None).exists():
        return None  # it was removed meanwhile
    known, left_out, wanted = queries.known(), dict[str, None](), list[rules.Shift]()
    for event in content.events:
        found = rules.meant(event.title, event.invited, event.organizer, known)
        wanted += [rules.Shift(user, event.start, event.end) for user in found.users]
        if found.why:
            left_out[f"{event.title or 'an event without a title'}: {found.why}"] = None
    rows = CalendarShift.objects.filter(calendar=calendar, end__gt=now).order_by("start", "pk")
    stored = [(row.pk, rules.Shift(row.user_id, row.start, row.end)) for row in rows]
    revision = rules.revised(stored, wanted, now)
    _store(calendar, revision)
    if revision:
        schedules.changed(mine, at=now, summary=f"Calendar {calendar} was read", actor=None)
    return list(left_out)[:MOST_LEFT_OUT]


def _store(calendar: ScheduleCalendar, revision: rules.Revision) -> None:
    CalendarShift.objects.filter(pk__in=revision.dropped).delete()
    for pk, end in revision.ends.items():
        CalendarShift.objects.filter(pk=pk).update(end=end)
    CalendarShift.objects.bulk_create(
        CalendarShift(calendar=calendar, user_id=each.user, start=each.start, end=each.end)
        for each in revision.new
    )
