"""What the tables hold of a schedule, as the resolver's values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from oncall.schedules.rules import layers as values

if TYPE_CHECKING:
    from oncall.schedules.models import Layer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Saved(NamedTuple):
    """What a version says beside its rotations, and when it counts."""

    start: datetime
    end: datetime | None
    zone: str
    coverage: Sequence[Sequence[Any]]
    ahead: int | None
    offset: int | None
    is_informal: bool
    holidays: str
    closed_on_holidays: bool
    passes_over_absent: bool

    @classmethod
    def of(cls, row: Sequence[Any]) -> Saved:
        since, until, *rest = row
        return cls(instant(since), instant(until) if until else None, *rest)

    def hours(self, free: frozenset[date]) -> values.CoverageHours | None:
        """When somebody is meant to be on call, as the resolver's value; None for always. `free` are its holidays."""
        closed = free if self.closed_on_holidays else frozenset[date]()
        if not self.coverage and not closed:
            return None
        found = coverage_hours(self.zone, self.coverage or ALWAYS, self.start, self.end)
        return replace(found, holidays=closed)


ALWAYS = ((None, "00:00", "00:00"),)
"""A window of every day, midnight to midnight."""


def coverage_hours(
    zone: str, coverage: Iterable[Sequence[Any]], start: datetime | None, end: datetime | None
) -> values.CoverageHours:
    """Coverage hours as they are stored, as the resolver's value."""
    return values.CoverageHours(zone, tuple(restriction(row) for row in coverage), start, end)


def layer_value(layer: Layer) -> values.Layer:
    """One layer's row as the resolver's value."""
    return values.Layer(
        name=layer.name,
        time_zone=layer.time_zone,
        start=layer.start,
        effective_from=layer.effective_from,
        effective_until=layer.effective_until,
        handoff=values.Handoff(layer.every, values.Unit(layer.unit), layer.handoff_at, layer.weekday),
        participants=places((member.place, member.user_id) for member in layer.participants.all()),
        restrictions=tuple(values.Restriction(r.weekday, r.start, r.end) for r in layer.restrictions.all()),
        id=layer.pk,
        lineage=layer.lineage,
        rank=layer.position,
        counts_only_active=layer.counts_only_active,
        on_holidays=values.OnHolidays(layer.on_holidays),
    )


def layer(row: Sequence[Any]) -> values.Layer:
    pk, lineage, rank, name, zone, start, since, until, every, unit, at, weekday, counts, free, *rest = row
    members, windows = rest
    return values.Layer(
        name=name,
        time_zone=zone,
        start=instant(start),
        effective_from=instant(since),
        effective_until=instant(until) if until else None,
        handoff=values.Handoff(every, values.Unit(unit), time.fromisoformat(at), weekday),
        participants=places(members or ()),
        restrictions=tuple(restriction(window) for window in windows or ()),
        id=pk,
        lineage=lineage,
        rank=rank,
        counts_only_active=counts,
        on_holidays=values.OnHolidays(free),
    )


def places(members: Iterable[Sequence[Any]]) -> tuple[tuple[int, ...] | None, ...]:
    """The turns in order: who has each together, None where nobody does."""
    places: dict[int, list[int] | None] = {}
    for place, user in members:
        people = places.setdefault(place, None if user is None else [])
        if people is not None and user is not None:
            people.append(user)
    return tuple(None if people is None else tuple(people) for _, people in sorted(places.items()))


def restriction(row: Sequence[Any]) -> values.Restriction:
    weekday, start, end = row
    return values.Restriction(weekday, time.fromisoformat(start), time.fromisoformat(end))


def override(row: Sequence[Any]) -> values.Override:
    pk, start, end, user, replaces, created_at, layer, by = row
    return values.Override(
        pk,
        instant(start),
        instant(end),
        user,
        replaces,
        (instant(created_at) - EPOCH) // timedelta(microseconds=1),
        replaces_everybody=replaces is None,
        layer=layer,
        by=by,
    )


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
