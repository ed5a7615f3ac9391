"""Who is left alone when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.accounts.models import User
from oncall.quiet.models import Holiday, QuietHours
from oncall.quiet.rules import Hours, Quiet

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

DAY = timedelta(days=1)


def of(user_ids: Collection[int], *, since: datetime | None = None) -> dict[int, Quiet]:
    """Give the quiet hours and holidays of these people, three queries for all; who has none is left out.

    Holidays that were over before `since` (default: now) are left out too.
    """
    hours: defaultdict[int, list[Hours]] = defaultdict(list)
    for row in QuietHours.objects.filter(user__in=user_ids):
        hours[row.user_id].append(Hours(row.days, row.start, row.end))
    days: defaultdict[int, set[date]] = defaultdict(set)
    first = (since or timezone.now()).date() - DAY
    for holiday in Holiday.objects.filter(user__in=user_ids, day__gte=first):
        days[holiday.user_id].add(holiday.day)
    known = {*hours, *days}
    return {
        user.pk: Quiet(zone_of(user), tuple(hours[user.pk]), frozenset(days[user.pk]))
        for user in (User.objects.filter(pk__in=known) if known else ())
    }


def zone_of(user: User) -> ZoneInfo:
    """Give a person's zone, UTC where its name means nothing."""
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def hours_of(user: User) -> QuerySet[QuietHours]:
    """Give a person's own quiet hours, earliest in the day first."""
    return QuietHours.objects.filter(user=user).order_by("start", "id")


def holidays_of(user: User) -> QuerySet[Holiday]:
    """Give a person's own holidays that are not over everywhere, soonest first."""
    return Holiday.objects.filter(user=user, day__gte=timezone.now().date() - DAY).order_by("day")


def own_hours(user: User, pk: int) -> QuietHours:
    """Give one of a person's own quiet hours; 404 for anybody else's."""
    return get_object_or_404(hours_of(user), pk=pk)


def own_holiday(user: User, pk: int) -> Holiday:
    """Give one of a person's own holidays; 404 for anybody else's."""
    return get_object_or_404(holidays_of(user), pk=pk)
