"""The calendars of schedules, what they say to the resolver, and which of them cannot be read."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from core.accounts import queries as people
from oncall.calendars import rules
from oncall.calendars.models import CalendarShift, ScheduleCalendar
from oncall.schedules.registry import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from oncall.schedules.models import Schedule
    from oncall.schedules.rules.layers import Layer, Override

UNREAD = timedelta(days=1)
"""A calendar that could not be read for so long is told of ahead."""


def of(schedule: Schedule) -> QuerySet[ScheduleCalendar]:
    """The calendars of a schedule that are read, the oldest first, with how many shifts each has to come."""
    coming = Count("shifts", filter=Q(shifts__end__gt=timezone.now()))
    return _read().filter(schedule=schedule).annotate(coming=coming).order_by("pk")


def get(schedule: Schedule, pk: int) -> ScheduleCalendar:
    """One of them; 404 where absent."""
    return get_object_or_404(of(schedule), pk=pk)


def _read() -> QuerySet[ScheduleCalendar]:
    return ScheduleCalendar.objects.filter(ended_at=None).select_related("created_by").defer("copy")


def known() -> rules.Known:
    """Everybody whom an event can mean."""
    return rules.Known.of(rules.Person(user.pk, user.email, user.name) for user in people.people())


def layers(schedule_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Layer]]:
    """The calendars whose events are shifts, as the resolver's layers, by schedule."""
    found: defaultdict[int, list[Layer]] = defaultdict(list)
    rows = ScheduleCalendar.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=start),
        schedule__in=schedule_ids,
        use=rules.Use.SHIFTS.value,
        created_at__lt=end,
    )
    for row in rows.defer("copy").order_by("pk"):
        found[row.schedule_id].append(_source(row).layer)
    return found


def exceptions(
    layers: Mapping[int, Sequence[Layer]], start: datetime, end: datetime
) -> dict[int, list[Override]]:
    """What calendars have people on call for in these schedules within a window, for the resolver."""
    rows = (
        CalendarShift.objects.filter(calendar__schedule__in=list(layers), end__gt=start, start__lt=end)
        .select_related("calendar")
        .defer("calendar__copy", "calendar__url")
        .order_by("calendar", "start", "pk")
    )
    own: defaultdict[ScheduleCalendar, list[rules.Shift]] = defaultdict(list)
    for row in rows:
        own[row.calendar].append(rules.Shift(row.user_id, row.start, row.end))
    found: defaultdict[int, list[Override]] = defaultdict(list)
    for calendar, shifts in own.items():
        found[calendar.schedule_id] += rules.exceptions(_source(calendar), shifts)
    return found


def naming(user_ids: Collection[int]) -> QuerySet[CalendarShift, int]:
    """The schedules in which a calendar has, or had, one of these people on call."""
    return CalendarShift.objects.filter(user__in=user_ids).values_list("calendar__schedule", flat=True)


def _source(row: ScheduleCalendar) -> rules.Source:
    return rules.Source(row.pk, row.name, rules.Use(row.use), row.rank, row.created_at, row.ended_at)


def sources(schedule: Schedule) -> list[Source]:
    """What a schedule's page says of its calendars."""
    address = reverse("oncall:schedule-calendars", args=[schedule.slug])
    return [
        Source(row.name, row.host, row.get_use_display(), row.read_at, row.error, len(row.left_out), address)
        for row in of(schedule)
    ]


def unread(schedule_ids: Collection[int], *, now: datetime) -> list[ScheduleCalendar]:
    """The calendars of these schedules that could not be read for a day."""
    since = now - UNREAD
    late = Q(read_at__lt=since) | Q(read_at=None, created_at__lt=since)
    return list(_read().filter(late, schedule__in=schedule_ids).exclude(error="").order_by("pk"))


def ending(schedule_id: int) -> list[str]:
    """Say how many calendars are read no longer once a schedule is gone."""
    count = _read().filter(schedule=schedule_id).count()
    return [f"{count} calendar{'' if count == 1 else 's'} that it is read from."] if count else []
