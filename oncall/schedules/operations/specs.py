"""Rotations as somebody wants them: as values, as what is the matter with them, and back from what was saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from django.utils import timezone

from oncall.schedules import queries
from oncall.schedules.rules import check
from oncall.schedules.rules import layers as values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, time

    from core.accounts.models import User
    from oncall.schedules.models import Layer, Schedule, ScheduleVersion

# Rotations of a schedule, and windows of a rotation: more than anybody means would keep pages waiting.
MOST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """A rotation as somebody wants it. `participants` are places: people together, or None for nobody.

    Without a `rank` it stands above the one before it; without a `lineage` it continues the one of its name, and
    without a `time_zone` its hand-offs are in that of the schedule.
    """

    name: str
    start: datetime
    handoff_at: time
    unit: str = "week"
    every: int = 1
    weekday: int | None = None
    participants: Sequence[Sequence[User] | None] = ()
    restrictions: Sequence[tuple[int | None, time, time]] = ()
    time_zone: str = ""
    rank: int | None = None
    counts_only_active: bool = False
    lineage: int | None = None
    on_holidays: str = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version says beside its rotations: when somebody is meant to be on call, behind whom, whose holidays count.

    `holidays` is a country, or a part of one, as DE or DE-BY.
    """

    coverage: Sequence[tuple[int | None, time, time]] = ()
    stands_behind: Schedule | None = None
    offset: int | None = None
    is_informal: bool = False
    holidays: str = ""
    closed_on_holidays: bool = False
    passes_over_absent: bool = False


def complaints(specs: Sequence[LayerSpec], *, time_zone: str, at: datetime) -> list[check.Complaint]:
    """Say what cannot be meant, or hardly, of rotations that would count from an instant on."""
    return check.complaints([_value(spec, time_zone, at) for spec in specs], at)


def _value(spec: LayerSpec, time_zone: str, at: datetime) -> values.Layer:
    return values.Layer(
        name=spec.name,
        time_zone=spec.time_zone or time_zone,
        start=spec.start,
        effective_from=at.astimezone(UTC),
        effective_until=None,
        handoff=values.Handoff(spec.every, values.Unit(spec.unit), spec.handoff_at, spec.weekday),
        participants=tuple(
            None if people is None else tuple(user.pk for user in people) for people in spec.participants
        ),
        restrictions=tuple(values.Restriction(*window) for window in spec.restrictions),
        counts_only_active=spec.counts_only_active,
    )


def terms_at(schedule: Schedule, at: datetime | None) -> Terms:
    """What the version that counts at a moment (default: now) says beside its rotations."""
    version = queries.version_at(schedule, at or timezone.now())
    return terms_of(version) if version else Terms()


def terms_of(version: ScheduleVersion) -> Terms:
    """What a version says beside its rotations."""
    windows = queries.coverage_hours(version.time_zone, version.coverage, None, None).windows
    return Terms(
        coverage=[(window.weekday, window.start, window.end) for window in windows],
        stands_behind=version.stands_behind,
        offset=version.offset,
        is_informal=version.is_informal,
        holidays=version.holidays,
        closed_on_holidays=version.closed_on_holidays,
        passes_over_absent=version.passes_over_absent,
    )


def specs_of(layers: Iterable[Layer]) -> list[LayerSpec]:
    """Rotations as they were entered, so that they can be entered again."""
    return [
        LayerSpec(
            name=layer.name,
            start=layer.start,
            handoff_at=layer.handoff_at,
            unit=layer.unit,
            every=layer.every,
            weekday=layer.weekday,
            participants=queries.turns(layer),
            restrictions=[(window.weekday, window.start, window.end) for window in layer.restrictions.all()],
            time_zone=layer.time_zone,
            rank=layer.position,
            counts_only_active=layer.counts_only_active,
            lineage=layer.lineage,
            on_holidays=layer.on_holidays,
        )
        for layer in layers
    ]
