"""Reads a schedule's rows into the resolver's values. Every answer about on-call time in the product comes from here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from core.accounts.models import User
from oncall.schedules import registry
from oncall.schedules.models import Layer, Override, Participant, Schedule
from oncall.schedules.rules import layers as values
from oncall.schedules.rules import resolver

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

HORIZON = timedelta(days=120)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A schedule's rows as the resolver's values, good for any instant of the window they were read for."""

    schedule_id: int
    name: str
    layers: tuple[values.Layer, ...]
    overrides: tuple[values.Override, ...]
    active: frozenset[int]

    def final(self, start: datetime, end: datetime) -> tuple[resolver.Slice, ...]:
        return resolver.final(self.layers, self.overrides, start, end, self.active)

    def at(self, instant: datetime) -> resolver.Slice:
        return resolver.at(self.layers, self.overrides, instant, self.active)

    def beside(self, instant: datetime, *, before: bool) -> resolver.Slice:
        return resolver.beside(self.layers, self.overrides, instant, HORIZON, self.active, before=before)

    def now(self, instant: datetime, horizon: timedelta = HORIZON) -> resolver.Now:
        return resolver.now(self.layers, self.overrides, instant, horizon, self.active)


def resolve(schedule_ids: Iterable[int] | None, *, start: datetime, end: datetime) -> dict[int, Resolved]:
    """Read schedules (None: all) for the window [start, end), in six queries however many there are."""
    chosen = Schedule.objects.all() if schedule_ids is None else Schedule.objects.filter(pk__in=schedule_ids)
    rows = list(chosen)
    if not rows:
        return {}
    ids = [row.pk for row in rows]
    layers: defaultdict[int, list[values.Layer]] = defaultdict(list)
    for layer in layer_rows(ids, start=start, end=end):
        layers[layer.schedule_id].append(layer_value(layer))
    overrides: defaultdict[int, list[values.Override]] = defaultdict(list)
    live = Override.objects.filter(schedule__in=ids, cancelled_at=None, end__gt=start, start__lt=end)
    for row in live.order_by("created_at", "id"):
        overrides[row.schedule_id].append(override_value(row))
    for pk, others in registry.exceptions({pk: layers[pk] for pk in ids}, start, end).items():
        overrides[pk] += others
    active = frozenset(User.objects.active().values_list("pk", flat=True))
    return {
        row.pk: Resolved(row.pk, row.name, tuple(layers[row.pk]), tuple(overrides[row.pk]), active)
        for row in rows
    }


def naming(user_ids: Collection[int]) -> QuerySet[Schedule, int]:
    """Give the ids of the schedules that can put one of these people on call: by a rotation or by an override."""
    places = Participant.objects.filter(user__in=user_ids).values("layer__schedule")
    overrides = Override.objects.filter(user__in=user_ids, cancelled_at=None).values("schedule")
    return Schedule.objects.filter(Q(pk__in=places) | Q(pk__in=overrides)).values_list("pk", flat=True)


def layer_rows(ids: Collection[int], *, start: datetime, end: datetime) -> Iterable[Layer]:
    return (
        Layer.objects.filter(schedule__in=ids, effective_from__lt=end)
        .filter(Q(effective_until=None) | Q(effective_until__gt=start))
        .prefetch_related(
            Prefetch("participants", Participant.objects.order_by("place", "id")), "restrictions"
        )
        .order_by("position", "effective_from", "id")
    )


def layer_value(layer: Layer) -> values.Layer:
    """One layer's row as the resolver's value."""
    places: dict[int, list[int] | None] = {}
    for member in layer.participants.all():
        people = places.setdefault(member.place, [] if member.user_id else None)
        if member.user_id and people is not None:
            people.append(member.user_id)
    return values.Layer(
        name=layer.name,
        time_zone=layer.time_zone,
        start=layer.start,
        effective_from=layer.effective_from,
        effective_until=layer.effective_until,
        handoff=values.Handoff(layer.every, values.Unit(layer.unit), layer.handoff_at, layer.weekday),
        participants=tuple(
            tuple(people) if people is not None else None for _, people in sorted(places.items())
        ),
        restrictions=tuple(values.Restriction(r.weekday, r.start, r.end) for r in layer.restrictions.all()),
    )


def override_value(row: Override) -> values.Override:
    """One override's row as the resolver's value."""
    return values.Override(
        row.pk,
        row.start,
        row.end,
        row.user_id,
        row.replaces_id,
        (row.created_at - EPOCH) // timedelta(microseconds=1),
        replaces_everybody=row.replaces_id is None,
    )
