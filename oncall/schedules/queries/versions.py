"""What was saved of a schedule, and what counts when."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from oncall.schedules.models import ScheduleVersion
from oncall.schedules.queries.reading import naming
from oncall.schedules.queries.rows import layer_rows, schedules
from oncall.schedules.registry import Mark
from oncall.schedules.rules import holidays

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.schedules.models import Layer, Schedule
    from oncall.schedules.registry import Seen


def versions(schedule: Schedule) -> QuerySet[ScheduleVersion]:
    """Everything that was saved of a schedule, the latest first."""
    return schedule.versions.select_related("created_by", "stands_behind").order_by("-number")


def version(schedule: Schedule, number: int) -> ScheduleVersion:
    """One of them; 404 where absent."""
    return get_object_or_404(versions(schedule), number=number)


def version_at(schedule: Schedule, at: datetime) -> ScheduleVersion | None:
    """The version that counts at an instant; None before the first."""
    counts = Q(effective_until=None) | Q(effective_until__gt=at)
    return versions(schedule).filter(counts, effective_from__lte=at).first()


def planned(schedule: Schedule, *, at: datetime) -> QuerySet[ScheduleVersion]:
    """The versions that will count after an instant, the next one first."""
    lasts = Q(effective_until=None) | Q(effective_until__gt=F("effective_from"))
    return versions(schedule).filter(lasts, effective_from__gt=at).order_by("effective_from", "number")


def saved_since(schedule: Schedule, number: int) -> QuerySet[ScheduleVersion]:
    """What was saved after the version of that number, the latest first."""
    return versions(schedule).filter(number__gt=number)


def lineages(schedule: Schedule, layer_ids: Collection[int]) -> dict[int, int]:
    """Which rotation each of these rows of a schedule is of."""
    return dict(schedule.layers.filter(pk__in=layer_ids).values_list("pk", "lineage"))


def layers_of(version: ScheduleVersion) -> list[Layer]:
    """The rotations of one version, lowest first, with their people."""
    return list(layer_rows().filter(version=version))


def passing_over(user: User) -> QuerySet[Schedule]:
    """The schedules that can put somebody on call and pass over whoever is away, now or as planned."""
    lasting = ScheduleVersion.objects.filter(
        Q(effective_until=None) | Q(effective_until__gt=timezone.now()), passes_over_absent=True
    )
    named = schedules().filter(pk__in=lasting.values("schedule"))
    return named.filter(pk__in=naming([user.pk])) if named.exists() else named


class Standing(StrEnum):
    """What became of a version."""

    COUNTS = "counts now"
    PLANNED = "planned"
    PAST = "counted"
    NEVER = "never counted"


def standing(version: ScheduleVersion, at: datetime) -> Standing:
    """Say whether a version counts at an instant, did, will, or never does."""
    start, end = version.effective_from, version.effective_until
    if end is not None and end <= start:
        return Standing.NEVER
    if start > at:
        return Standing.PLANNED
    return Standing.COUNTS if end is None or end > at else Standing.PAST


def holiday_marks(seen: Seen) -> list[tuple[date, Mark]]:
    """The public holidays of a schedule, by day, of the version that counts then."""
    first = seen.start.astimezone(seen.zone).date()
    last = (seen.end - timedelta(microseconds=1)).astimezone(seen.zone).date()
    rows = ScheduleVersion.objects.filter(
        Q(effective_until=None) | Q(effective_until__gt=seen.start),
        schedule=seen.schedule_id,
        effective_from__lt=seen.end,
    ).exclude(holidays="")
    found = {
        (day, name): row.holidays
        for row in rows.order_by("number")
        for day, name in holidays.between(row.holidays, first, last)
        if row.effective_from.astimezone(seen.zone).date() <= day
        and (row.effective_until is None or day <= row.effective_until.astimezone(seen.zone).date())
    }
    return [(day, Mark("holiday", f"{name}, in {place}")) for (day, name), place in sorted(found.items())]
