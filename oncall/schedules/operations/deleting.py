"""Delete a schedule, and restore it. What was stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from core.errors import Refused
from core.timers import operations as timers
from oncall.schedules import queries, registry
from oncall.schedules.models import Layer, Override, Schedule
from oncall.schedules.operations.changes import changed, locked
from oncall.schedules.operations.layers import BEGIN, save_layers
from oncall.schedules.operations.specs import specs_of, terms_of
from oncall.schedules.rules import compare

if TYPE_CHECKING:
    from core.accounts.models import User

AHEAD = timedelta(days=28)


class InUse(Refused):
    """A schedule that something relies on stays; the message names what."""


@transaction.atomic
def delete(schedule: Schedule, *, version: int | None = None, actor: User | None) -> None:
    """Let nobody be on call by a schedule from now on. Refused while a policy asks it or another one stands behind it.

    Its rotations and overrides end now, what was planned never counts, and what has passed stays. Its name and its
    address stay its own: links, calendars and tables of hours go on to mean this one.
    """
    mine = locked(schedule, version=version)
    if users := queries.users_of(mine):
        raise InUse(f"{mine} is in use: {'; '.join(users)}. Change that first.")
    now = timezone.now()
    for rows in (Layer.objects.filter(schedule=mine), mine.versions.all()):
        lasting = rows.filter(Q(effective_until=None) | Q(effective_until__gt=now))
        lasting.filter(effective_from__gte=now).update(effective_until=F("effective_from"))
        lasting.filter(effective_from__lt=now).update(effective_until=now)
    live = Override.objects.filter(schedule=mine, cancelled_at=None, end__gt=now)
    live.filter(start__gte=now).update(cancelled_at=now)
    live.filter(start__lt=now).update(end=now)
    timers.cancel(BEGIN, [mine.pk])
    registry.end(mine.pk, now)
    Schedule.objects.filter(pk=mine.pk).update(deleted_at=now)
    changed(mine, at=now, summary="Schedule deleted", actor=actor)


@transaction.atomic
def undelete(schedule: Schedule, *, actor: User | None) -> None:
    """Let the rotations that counted when a schedule was deleted count again from now on, as a new version.

    Where none counted yet, what was saved last counts from when it was to, or from now on.
    """
    mine = locked(schedule, also_deleted=True)
    if mine.deleted_at is None:
        return
    last = queries.versions(mine).filter(
        effective_until=mine.deleted_at, effective_from__lt=F("effective_until")
    )
    never = queries.versions(mine).filter(effective_from__gte=mine.deleted_at)
    old = last.first() or never.first()
    Schedule.objects.filter(pk=mine.pk).update(deleted_at=None)
    if old is None:
        changed(mine, at=timezone.now(), summary="Schedule restored", actor=actor)
        return
    save_layers(
        mine,
        layers=specs_of(queries.layers_of(old)),
        effective_at=old.effective_from if old.effective_from > timezone.now() else None,
        time_zone=old.time_zone,
        terms=terms_of(old),
        restored_from=old.number,
        summary="Schedule restored",
        actor=actor,
    )


def without(schedule: Schedule) -> list[compare.Change]:
    """Say whose time on call of the next four weeks would end with a schedule."""
    start = timezone.now()
    end = start + AHEAD
    one = queries.resolve([schedule.pk], start=start, end=end)[schedule.pk]
    gone = queries.gone(schedule, at=start)
    return compare.difference(one.final(start, end), gone.final(start, end))
