"""Rotations: the first ones, and others from a moment on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from oncall.schedules.models import Layer, Participant, Restriction, Schedule
from oncall.schedules.operations.changes import PastIsFixed, changed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, time

    from core.accounts.models import Team, User


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
    changed(schedule, at=timezone.now(), summary="Schedule created", actor=actor)
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
    changed(locked, at=moment, summary="Rotations changed", actor=actor)


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
