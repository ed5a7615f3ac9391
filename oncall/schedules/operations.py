from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from core import live
from core.errors import Refused
from core.events import bus
from oncall.events import ScheduleChanged
from oncall.schedules.models import Layer, Override, Participant, Restriction, Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, time

    from core.accounts.models import Team, User


class PastIsFixed(Refused):
    """Who was on call is a fact; an edit counts from now on or later."""


class EndsBeforeItStarts(Refused):
    """An override needs a stretch of time."""


class AlreadyOver(Refused):
    """An override that has ended stays as the record of what was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """A rotation as somebody wants it. `participants` are places: people together, or None for nobody."""

    name: str
    start: datetime
    handoff_at: time
    unit: str = "week"
    every: int = 1
    weekday: int | None = None
    participants: Sequence[Sequence[User] | None] = ()
    restrictions: Sequence[tuple[int | None, time, time]] = ()


@transaction.atomic
def create(
    *,
    name: str,
    slug: str,
    time_zone: str,
    team: Team | None = None,
    description: str = "",
    layers: Sequence[LayerSpec] = (),
    actor: User | None,
) -> Schedule:
    """Create a schedule with its rotations, the last one with the highest priority; each counts from its start."""
    schedule = Schedule.objects.create(
        name=name, slug=slug, time_zone=time_zone, team=team, description=description
    )
    for position, spec in enumerate(layers):
        _add_layer(schedule, spec, position=position, effective_from=spec.start)
    _changed(schedule, at=timezone.now(), summary="Schedule created", actor=actor)
    return schedule


@transaction.atomic
def save_layers(
    schedule: Schedule,
    *,
    layers: Sequence[LayerSpec],
    effective_at: datetime | None = None,
    time_zone: str | None = None,
    actor: User | None,
) -> None:
    """Replace the rotations from `effective_at` on (default: now). What lies before stays as it was."""
    now = timezone.now()
    moment = effective_at or now
    if moment < now.replace(second=0, microsecond=0):
        raise PastIsFixed("An edit cannot count from a time that has passed.")
    locked = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if time_zone:
        Schedule.objects.filter(pk=locked.pk).update(time_zone=time_zone)
        locked.time_zone = time_zone
    Layer.objects.filter(schedule=locked, effective_from__gte=moment).delete()
    Layer.objects.filter(schedule=locked).filter(
        Q(effective_until=None) | Q(effective_until__gt=moment)
    ).update(effective_until=moment)
    for position, spec in enumerate(layers):
        _add_layer(locked, spec, position=position, effective_from=max(moment, spec.start))
    _changed(locked, at=moment, summary="Rotations changed", actor=actor)


def _add_layer(schedule: Schedule, spec: LayerSpec, *, position: int, effective_from: datetime) -> Layer:
    layer = Layer.objects.create(
        schedule=schedule,
        position=position,
        name=spec.name,
        time_zone=schedule.time_zone,
        start=spec.start,
        every=spec.every,
        unit=spec.unit,
        handoff_at=spec.handoff_at,
        weekday=spec.weekday,
        effective_from=effective_from,
    )
    Participant.objects.bulk_create(
        Participant(layer=layer, place=place, user=user)
        for place, people in enumerate(spec.participants)
        for user in (people if people is not None else [None])
    )
    Restriction.objects.bulk_create(
        Restriction(layer=layer, weekday=weekday, start=start, end=end)
        for weekday, start, end in spec.restrictions
    )
    return layer


@transaction.atomic
def add_override(
    schedule: Schedule,
    *,
    start: datetime,
    end: datetime,
    user: User | None,
    replaces: User | None = None,
    reason: str = "",
    actor: User | None,
) -> Override:
    """Put somebody on call in [start, end): instead of `replaces`, or of everybody when nobody is named."""
    if end <= start:
        raise EndsBeforeItStarts("The override has to end after it starts.")
    if end <= timezone.now():
        raise PastIsFixed("This stretch is over already.")
    override = Override.objects.create(
        schedule=schedule, start=start, end=end, user=user, replaces=replaces, reason=reason, created_by=actor
    )
    who = user.name if user else "nobody"
    _changed(schedule, at=start, summary=f"Override: {who}", actor=actor)
    return override


@transaction.atomic
def cancel_override(override: Override, *, actor: User | None) -> None:
    """Take an override back; one that has begun ends now, so that the past stays as it was."""
    now = timezone.now()
    if override.end <= now:
        raise AlreadyOver("This override is over; it stays in the record.")
    if override.start < now:
        Override.objects.filter(pk=override.pk).update(end=now)
    else:
        Override.objects.filter(pk=override.pk).update(cancelled_at=now)
    _changed(override.schedule, at=now, summary="Override cancelled", actor=actor)


def _changed(schedule: Schedule, *, at: datetime, summary: str, actor: User | None) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(version=F("version") + 1)
    bus.emit(ScheduleChanged(schedule.pk, at.isoformat(), summary), actor=actor)
    live.changed("oncall", f"schedule-{schedule.pk}")
