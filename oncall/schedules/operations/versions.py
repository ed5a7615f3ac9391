"""Take up an earlier version again, or drop one that is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import Refused
from core.timers import operations as timers
from oncall.schedules import queries
from oncall.schedules.operations.changes import changed, locked
from oncall.schedules.operations.layers import BEGIN
from oncall.schedules.operations.previews import save_seen
from oncall.schedules.operations.specs import specs_of, terms_of

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule, ScheduleVersion


class NotPlanned(Refused):
    def __init__(self) -> None:
        super().__init__("This version has begun, or never will. Restore another one instead.")


def restore(
    schedule: Schedule,
    number: int,
    *,
    effective_at: datetime | None = None,
    version: int | None = None,
    accepts_gaps: bool = False,
    actor: User | None,
) -> ScheduleVersion:
    """Let what an earlier version said count again from a moment on (default: now), as a new version.

    Refused where that opens a gap which is not accepted, as a save is.
    """
    old = queries.version(schedule, number)
    return save_seen(
        schedule,
        layers=specs_of(queries.layers_of(old)),
        effective_at=effective_at,
        time_zone=old.time_zone,
        terms=terms_of(old),
        version=version,
        accepts_gaps=accepts_gaps,
        restored_from=old.number,
        actor=actor,
    )


@transaction.atomic
def withdraw(schedule: Schedule, number: int, *, version: int | None = None, actor: User | None) -> None:
    """Drop a version that is planned: the one before it goes on in its place."""
    mine = locked(schedule, version=version)
    now = timezone.now()
    planned = queries.planned(mine, at=now).filter(number=number).first()
    if planned is None:
        raise NotPlanned
    start, end = planned.effective_from, planned.effective_until
    before = mine.versions.filter(effective_until=start, effective_from__lt=start)
    mine.layers.filter(version__in=list(before), effective_until=start).update(effective_until=end)
    before.update(effective_until=end)
    planned.layers.update(effective_until=F("effective_from"))
    mine.versions.filter(pk=planned.pk).update(effective_until=start)
    timers.cancel(BEGIN, [mine.pk])
    for later in queries.planned(mine, at=now):
        timers.set(BEGIN, mine.pk, occurrence=str(later.number), due_at=later.effective_from)
    changed(mine, at=start, summary=f"Planned version {number} withdrawn", actor=actor)
