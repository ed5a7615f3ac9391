"""Who is away when, where that meets their shifts, and public holidays."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404
from django.utils import timezone

from oncall.absences import rules
from oncall.absences.models import Absence, AbsenceCalendar, HolidayRegion
from oncall.absences.rules import Away, Conflict, Duty
from oncall.schedules import queries as schedules
from oncall.schedules.registry import Mark
from oncall.schedules.rules import holidays

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.registry import Seen

AHEAD = timedelta(days=120)


def coming(user: User) -> QuerySet[Absence]:
    """A person's absences that are not over, soonest first."""
    return (
        Absence.objects.filter(user=user, end__gt=timezone.now())
        .select_related("calendar", "time_off")
        .order_by("start", "pk")
    )


def calendars(user: User) -> QuerySet[AbsenceCalendar]:
    """The calendars that a person's absences are read from, oldest first."""
    return AbsenceCalendar.objects.filter(user=user).defer("copy").order_by("pk")


def own(user: User, pk: int) -> Absence:
    """One of a person's absences that was entered by hand and is no time off; 404 for any other."""
    return get_object_or_404(Absence, user=user, pk=pk, calendar=None, time_off=None)


def own_calendar(user: User, pk: int) -> AbsenceCalendar:
    """One of a person's calendars; 404 for anybody else's."""
    return get_object_or_404(calendars(user), pk=pk)


def away(user_ids: Collection[int], *, start: datetime, end: datetime) -> list[Away]:
    """When these people are away in [start, end), soonest first."""
    rows = Absence.objects.filter(user__in=user_ids, end__gt=start, start__lt=end).order_by("start", "pk")
    return [Away(row.user_id, row.start, row.end, row.note) for row in rows]


def known_away(
    user_ids: Collection[int], start: datetime, end: datetime
) -> list[tuple[int, datetime, datetime]]:
    """The same for who is on call: from when it was entered on, so that the past stays as it was."""
    rows = Absence.objects.filter(user__in=user_ids, end__gt=start, start__lt=end).order_by("start", "pk")
    found = ((row.user_id, max(row.start, row.created_at), row.end) for row in rows)
    return [each for each in found if each[1] < each[2]]


def conflicts(user: User) -> list[Conflict]:
    """Where a person is on call and away in the next months."""
    now = timezone.now()
    shifts = schedules.shifts_of(user, start=now, end=now + AHEAD)
    return rules.conflicts(
        (Duty(user.pk, shift.schedule_id, shift.start, shift.end) for shift in shifts),
        away([user.pk], start=now, end=now + AHEAD),
    )


def clashes(user: User) -> list[tuple[Conflict, Schedule]]:
    """The same with the schedule of each, for the screen."""
    found = conflicts(user)
    rows = schedules.schedules().in_bulk({conflict.duty.schedule for conflict in found})
    return [(conflict, rows[conflict.duty.schedule]) for conflict in found]


def region(user: User) -> HolidayRegion | None:
    """Where a person lives, as far as they said so."""
    return HolidayRegion.objects.filter(user=user).first()


def public_holidays(place: HolidayRegion, *, first: date, last: date) -> list[tuple[date, str]]:
    """The public holidays of a place from one date to another, both included, with their names there."""
    return holidays.between(str(place), first, last)


def marks(seen: Seen) -> list[tuple[date, Mark]]:
    """The public holidays where the people of a schedule live, by day."""
    first = seen.start.astimezone(seen.zone).date()
    last = (seen.end - timedelta(microseconds=1)).astimezone(seen.zone).date()
    homes: defaultdict[str, list[HolidayRegion]] = defaultdict(list)
    for place in HolidayRegion.objects.filter(user__in=seen.user_ids).select_related("user").order_by("pk"):
        homes[str(place)].append(place)
    found: defaultdict[tuple[date, str], list[str]] = defaultdict(list)
    for places in homes.values():
        for day, name in public_holidays(places[0], first=first, last=last):
            found[day, name] += [str(place.user) for place in places]
    return [
        (day, Mark("holiday", f"{name}, for {', '.join(sorted(people))}"))
        for (day, name), people in sorted(found.items())
    ]
