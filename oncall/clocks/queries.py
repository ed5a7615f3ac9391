"""Which zones schedules use, by which zone data, and what it changed lately."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import tzdata as package
from django.db.models import Q

from oncall.clocks.models import ClockChange
from oncall.schedules.models import Layer, OnHolidays, ScheduleVersion, Unit

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

SHOWN_FOR = timedelta(days=14)


@cache
def tzdata() -> str:
    """Which zone data this process runs with: that of the machine where it has some, else the package; "" if unknown."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "Europe" / "Berlin").exists():
            return _version_of(folder / "tzdata.zi")
    return str(package.IANA_VERSION)


def _version_of(path: Path) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            first = file.readline()
    except OSError:
        return ""
    return first.removeprefix("# version ").strip()[:40] if first.startswith("# version ") else ""


def used(now: datetime) -> dict[str, set[int]]:
    """Give the schedules by the zones in whose wall-clock times they hand over, now or by a planned version."""
    still = (Q(effective_until=None) | Q(effective_until__gt=now)) & Q(schedule__deleted_at=None)
    # Hours are counted as they pass, so only their windows and days are of a clock.
    by_clock = ~Q(unit=Unit.HOUR) | Q(restrictions__isnull=False) | ~Q(on_holidays=OnHolidays.COUNTS)
    found: defaultdict[str, set[int]] = defaultdict(set)
    layers = Layer.objects.filter(still, by_clock).order_by().values_list("time_zone", "schedule").distinct()
    for zone, schedule_id in layers:
        found[zone].add(schedule_id)
    versions = ScheduleVersion.objects.filter(still).filter(
        ~Q(coverage=[]) | Q(closed_on_holidays=True) | Q(stands_behind__isnull=False)
    )
    behind: defaultdict[int, set[int]] = defaultdict(set)
    rows = versions.values_list("time_zone", "schedule", "stands_behind", "coverage", "closed_on_holidays")
    for zone, schedule_id, ahead, coverage, closed in rows:
        if coverage or closed:
            found[zone].add(schedule_id)
        if ahead is not None:
            behind[ahead].add(schedule_id)
    for own in found.values():
        own |= {pk for ahead in own & behind.keys() for pk in behind[ahead]}
    return dict(found)


def changes() -> QuerySet[ClockChange]:
    """Give what new zone data moved, of schedules that are not deleted."""
    return ClockChange.objects.filter(schedule__deleted_at=None).select_related("schedule")


def notices(schedule_id: int, at: datetime) -> list[str]:
    """Say what new zone data moved of a schedule in the last days."""
    lately = changes().filter(schedule=schedule_id, noticed_at__gt=at - SHOWN_FOR, noticed_at__lte=at)
    return list(lately.order_by("-noticed_at", "-pk").values_list("text", flat=True)[:5])
