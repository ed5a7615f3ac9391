"""What uses a schedule and what ends with it, and the schedules that were deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from oncall.schedules import registry
from oncall.schedules.models import Schedule, ScheduleVersion
from oncall.schedules.queries.reading import Resolved, deleted_hours

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def deleted() -> QuerySet[Schedule]:
    """The schedules that were deleted, the last one first."""
    return Schedule.objects.filter(deleted_at__isnull=False).select_related("team").order_by("-deleted_at")


def get_deleted(slug: str) -> Schedule:
    """One of them; 404 where absent."""
    return get_object_or_404(deleted(), slug=slug)


def behind(schedule: Schedule) -> QuerySet[Schedule]:
    """The schedules that stand behind one, now or as planned, by name."""
    lasting = ScheduleVersion.objects.filter(
        Q(effective_until=None) | Q(effective_until__gt=Greatest(F("effective_from"), timezone.now())),
        stands_behind=schedule,
    )
    return Schedule.objects.filter(pk__in=lasting.values("schedule"), deleted_at=None).order_by("name")


def users_of(schedule: Schedule) -> list[str]:
    """Say what relies on a schedule: the policies that ask it, and the schedules that stand behind it."""
    policies = [each.policy for each in registry.reaching(schedule.pk)]
    others = [str(each) for each in behind(schedule)]
    found = []
    if policies:
        found.append(f"asked by the escalation polic{'y' if len(policies) == 1 else 'ies'} {_list(policies)}")
    if others:
        found.append(f"{_list(others)} stand{'s' if len(others) == 1 else ''} behind it")
    return found


def gone(schedule: Schedule, *, at: datetime) -> Resolved:
    """A schedule as if it were deleted at an instant, for what comes after it."""
    return Resolved(schedule.pk, schedule.name, (), (), hours=deleted_hours(at))


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
