"""What every write to a schedule has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from core import live
from core.errors import Refused
from core.events import bus
from oncall.events import ScheduleChanged
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from core.accounts.models import User


class PastIsFixed(Refused):
    """Who was on call is a fact; an edit counts from now on or later."""


class ChangedMeanwhile(Refused):
    def __init__(self) -> None:
        super().__init__(
            "Somebody changed this schedule in between, so nothing was saved. Open it again to see how."
        )


class SetMeanwhile(Refused):
    """Somebody set the same few fields in between; `now` says how they stand, for the form that is shown again."""

    def __init__(self, now: str = "") -> None:
        super().__init__(
            f"Somebody changed this in between{f' to: {now}' if now else ''}. What you typed stands here; save again to"
            " put it in place of theirs."
        )


class Deleted(Refused):
    """What was deleted is not changed any more; it can be restored."""


def locked(schedule: Schedule, *, version: int | None = None, also_deleted: bool = False) -> Schedule:
    """Lock a schedule for a write; refuse when it is no longer the version that the caller has seen, or was deleted."""
    fresh = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if fresh.deleted_at is not None and not also_deleted:
        raise Deleted(f"{fresh} was deleted. Restore it first.")
    if version is not None and fresh.version != version:
        raise ChangedMeanwhile
    return fresh


def changed(
    schedule: Schedule,
    *,
    at: datetime,
    summary: str,
    actor: User | None,
    told: Collection[int] = (),
    spans: Iterable[tuple[datetime, datetime]] = (),
) -> None:
    """Note an edit. Those in `told` are mailed by the caller of what it changes for them within `spans`."""
    Schedule.objects.filter(pk=schedule.pk).update(version=F("version") + 1)
    known = [[start.isoformat(), end.isoformat()] for start, end in spans]
    bus.emit(ScheduleChanged(schedule.pk, at.isoformat(), summary, sorted(told), known), actor=actor)
    live.changed("oncall", f"schedule-{schedule.pk}")


def mark(schedule: Schedule) -> None:
    """Let the resolver ask other features for their exceptions to a schedule from now on."""
    Schedule.objects.filter(pk=schedule.pk, has_exceptions=False).update(has_exceptions=True)
