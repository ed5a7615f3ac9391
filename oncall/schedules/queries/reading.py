"""Reads schedules into the resolver's values. Every answer about on-call time in the product comes from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from django.db.models import Q

from core.accounts import queries as accounts
from oncall.schedules import registry
from oncall.schedules.models import Override, Participant, Schedule, ScheduleVersion
from oncall.schedules.rules import layers as values
from oncall.schedules.rules import resolver, words
from oncall.schedules.rules.turns import TICK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from oncall.schedules.models import Layer

HORIZON = timedelta(days=120)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Another schedule whose people are not on call here, for as long as this one stands behind it."""

    schedule: Resolved
    start: datetime
    end: datetime | None

    def away(self, start: datetime, end: datetime) -> list[values.Away]:
        """Who is on call there within the window, and so cannot be here."""
        start, end = max(start, self.start), end if self.end is None else min(end, self.end)
        why = f"is on call in {self.schedule.name} then"
        return [
            values.Away(user, piece.start, piece.end, why, passes_on=True)
            for piece in self.schedule.final(start, end)
            for user in piece.users
        ]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A schedule as the resolver's values, good for any instant of the window they were read for."""

    schedule_id: int
    name: str
    layers: tuple[values.Layer, ...]
    overrides: tuple[values.Override, ...]
    closed: tuple[values.Away, ...] = ()
    hours: tuple[values.CoverageHours, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    is_marked: bool = False

    def away(self, start: datetime, end: datetime) -> Sequence[values.Away]:
        """Who cannot be on call within the window."""
        return (*self.closed, *(each for one in self.ahead for each in one.away(start, end)))

    def final(self, start: datetime, end: datetime) -> tuple[resolver.Slice, ...]:
        return resolver.final(
            self.layers, self.overrides, start, end, away=self.away(start, end), hours=self.hours
        )

    def at(self, instant: datetime) -> resolver.Slice:
        away = self.away(instant, instant + TICK)
        return resolver.at(self.layers, self.overrides, instant, away=away, hours=self.hours)

    def beside(self, instant: datetime, *, before: bool) -> resolver.Slice:
        start, end = (instant - HORIZON, instant + TICK) if before else (instant, instant + HORIZON)
        return resolver.beside(
            self.layers,
            self.overrides,
            instant,
            HORIZON,
            before=before,
            away=self.away(start, end),
            hours=self.hours,
        )

    def now(self, instant: datetime, horizon: timedelta = HORIZON) -> resolver.Now:
        away = self.away(instant, instant + horizon)
        return resolver.now(self.layers, self.overrides, instant, horizon, away=away, hours=self.hours)


# Written out, because every page and every calendar asks it: the rows of 20 rotations cost the ORM more than they say.
_SCHEDULES = """
select s.id, s.name, s.has_exceptions, s.deleted_at,
    (select json_agg(json_build_array(v.effective_from, v.effective_until, v.time_zone, v.coverage, v.stands_behind_id,
        v."offset", v.is_informal) order by v.number)
        from oncall_scheduleversion v where v.schedule_id = s.id and v.effective_from < %(end)s
        and (v.effective_until is null or v.effective_until > %(start)s)
        and (v.coverage <> '[]' or v.stands_behind_id is not null or v.is_informal))::text,
    (select json_agg(json_build_array(l.id, l.lineage, l.position, l.name, l.time_zone, l.start, l.effective_from,
        l.effective_until, l.every, l.unit, l.handoff_at, l.weekday, l.counts_only_active,
        (select json_agg(json_build_array(p.place, p.user_id) order by p.place, p.id)
            from oncall_participant p where p.layer_id = l.id),
        (select json_agg(json_build_array(r.weekday, r.start, r."end") order by r.id)
            from oncall_restriction r where r.layer_id = l.id))
        order by l.position, l.effective_from, l.id)
        from oncall_layer l where l.schedule_id = s.id and l.effective_from < %(end)s
        and (l.effective_until is null or l.effective_until > %(start)s))::text,
    (select json_agg(json_build_array(o.id, o.start, o."end", o.user_id, o.replaces_id, o.created_at, o.layer,
        coalesce(nullif(u.name, ''), u.email, '')) order by o.created_at, o.id)
        from oncall_override o left join accounts_user u on u.id = o.created_by_id
        where o.schedule_id = s.id and o.cancelled_at is null
        and o."end" > %(start)s and o.start < %(end)s)::text
from oncall_schedule s
where %(ids)s::bigint[] is null and (s.deleted_at is null or s.deleted_at > %(start)s)
    or s.id = any(%(ids)s) or s.id in (
    select v.stands_behind_id from oncall_scheduleversion v where v.schedule_id = any(%(ids)s))
order by s.id"""


def resolve(schedule_ids: Iterable[int] | None, *, start: datetime, end: datetime) -> dict[int, Resolved]:
    """Read schedules for the window [start, end), in two queries however many there are.

    None: all but those that were deleted before the window begins.
    """
    ids = None if schedule_ids is None else list(schedule_ids)
    if ids == []:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SCHEDULES, {"ids": ids, "start": start, "end": end})
        rows = [
            (pk, name, marked, deleted_at, *(orjson.loads(text or "[]") for text in texts))
            for pk, name, marked, deleted_at, *texts in cursor.fetchall()
        ]
    layers = {pk: tuple(_layer(row) for row in own) for pk, *_, own, _ in rows}
    overrides = {pk: [_override(row) for row in own] for pk, *_, own in rows}
    marked = [pk for pk, _, has_exceptions, *_ in rows if has_exceptions]
    for pk, fed in registry.layers(marked, start, end).items():
        layers[pk] += tuple(fed)
    for pk, others in registry.exceptions(layers, start, end, marked=marked).items():
        overrides[pk] += others
    named = {pk: _named(layers[pk], overrides[pk]) for pk in layers}
    closed = accounts.closures(sorted(set[int]().union(*named.values()))) if any(named.values()) else {}
    alone = {
        pk: _as_saved(
            Resolved(
                pk,
                name,
                layers[pk],
                tuple(overrides[pk]),
                _closed(closed, named[pk]),
                deleted_hours(deleted_at) if deleted_at else (),
                is_marked=has_exceptions,
            ),
            versions,
        )
        for pk, name, has_exceptions, deleted_at, versions, _, _ in rows
    }
    found = {pk: _behind(alone[pk], versions, alone) for pk, *_, versions, _, _ in rows}
    return found if ids is None else {pk: found[pk] for pk in sorted(set(ids) & found.keys())}


def as_if(version: ScheduleVersion, layers: Iterable[Layer], *, start: datetime, end: datetime) -> Resolved:
    """A schedule as if a version of it, with these rotations, counted in all of [start, end)."""
    pk, ahead = version.schedule_id, version.stands_behind_id
    found = resolve([pk] if ahead is None else [pk, ahead], start=start, end=end)
    own = tuple(replace(layer_value(layer), effective_from=start, effective_until=None) for layer in layers)
    own += tuple(layer for layer in found[pk].layers if layer.is_fed)
    named = _named(own, found[pk].overrides)
    closed = _closed(accounts.closures(sorted(named)) if named else {}, named)
    row = (
        start.isoformat(),
        None,
        version.time_zone,
        version.coverage,
        ahead,
        version.offset,
        version.is_informal,
    )
    alone = Resolved(pk, found[pk].name, own, found[pk].overrides, closed)
    return _behind(_as_saved(alone, [row]), [row], found)


def _named(layers: Iterable[values.Layer], overrides: Iterable[values.Override]) -> set[int]:
    named = {user for layer in layers for place in layer.participants for user in place or ()}
    return named | {each.user for each in overrides if each.user is not None}


def _closed(closures: Mapping[int, list[accounts.Closed]], users: set[int]) -> tuple[values.Away, ...]:
    """When the accounts of these people were closed."""
    return tuple(
        values.Away(user, since, until, words.NOT_ACTIVE)
        for user in sorted(users & closures.keys())
        for since, until in closures[user]
    )


def deleted_hours(at: datetime) -> tuple[values.CoverageHours, ...]:
    """From the deletion of a schedule on nobody is meant to be on call by it."""
    return (values.CoverageHours("UTC", (), at, why=words.DELETED),)


def _as_saved(one: Resolved, versions: Iterable[Any]) -> Resolved:
    """Add what the versions say beside the rotations: coverage hours, and whose people take no turns."""
    for since, until, zone, coverage, _, _, is_informal in versions:
        start, end = _instant(since), _instant(until) if until else None
        if coverage:
            one = replace(one, hours=(*one.hours, coverage_hours(zone, coverage, start, end)))
        if is_informal:
            layers = tuple(
                _together(layer) if _is_within(layer, start, end) else layer for layer in one.layers
            )
            one = replace(one, layers=layers)
    return one


def _behind(one: Resolved, versions: Iterable[Any], others: Mapping[int, Resolved]) -> Resolved:
    """Add the schedules behind which this one stands; of these none stands behind another."""
    for since, until, _, _, ahead, offset, _ in versions:
        if ahead is not None:
            start, end = _instant(since), _instant(until) if until else None
            led = () if offset is None else _led(others[ahead].layers, offset, start, end)
            one = replace(
                one,
                ahead=(*one.ahead, Ahead(others[ahead], start, end)),
                layers=(*one.layers, *led),
                closed=(*one.closed, *others[ahead].closed),
            )
    return one


def _together(layer: values.Layer) -> values.Layer:
    everybody = tuple(dict.fromkeys(user for place in layer.participants for user in place or ()))
    return replace(layer, participants=(everybody,) if everybody else ())


def _is_within(layer: values.Layer, start: datetime, end: datetime | None) -> bool:
    return layer.effective_from >= start and (end is None or layer.effective_from < end)


def _led(
    layers: Iterable[values.Layer], offset: int, start: datetime, end: datetime | None
) -> Iterable[values.Layer]:
    """The rotations of the schedule ahead, so many turns further on, for as long as this one stands behind it."""
    for layer in (each for each in layers if not each.is_fed):
        by = offset % (len(layer.participants) or 1)
        ends = [moment for moment in (layer.effective_until, end) if moment is not None]
        yield replace(
            layer,
            participants=layer.participants[by:] + layer.participants[:by],
            effective_from=max(layer.effective_from, start),
            effective_until=min(ends) if ends else None,
        )


def coverage_hours(
    zone: str, coverage: Iterable[Sequence[Any]], start: datetime | None, end: datetime | None
) -> values.CoverageHours:
    """Coverage hours as they are stored, as the resolver's value."""
    return values.CoverageHours(zone, tuple(_restriction(row) for row in coverage), start, end)


def naming(user_ids: Collection[int]) -> QuerySet[Schedule, int]:
    """Give the ids of the schedules that can put one of these people on call."""
    places = Participant.objects.filter(user__in=user_ids).values("layer__schedule")
    overrides = Override.objects.filter(user__in=user_ids, cancelled_at=None).values("schedule")
    led = ScheduleVersion.objects.filter(
        offset__isnull=False, stands_behind__layers__participants__user__in=user_ids
    ).values("schedule")
    ways = Q(pk__in=places) | Q(pk__in=overrides) | Q(pk__in=led)
    for named in registry.naming(user_ids):
        ways |= Q(pk__in=named)
    return Schedule.objects.filter(ways).values_list("pk", flat=True)


def layer_value(layer: Layer) -> values.Layer:
    """One layer's row as the resolver's value."""
    return values.Layer(
        name=layer.name,
        time_zone=layer.time_zone,
        start=layer.start,
        effective_from=layer.effective_from,
        effective_until=layer.effective_until,
        handoff=values.Handoff(layer.every, values.Unit(layer.unit), layer.handoff_at, layer.weekday),
        participants=_places((member.place, member.user_id) for member in layer.participants.all()),
        restrictions=tuple(values.Restriction(r.weekday, r.start, r.end) for r in layer.restrictions.all()),
        id=layer.pk,
        lineage=layer.lineage,
        rank=layer.position,
        counts_only_active=layer.counts_only_active,
    )


def _layer(row: Sequence[Any]) -> values.Layer:
    pk, lineage, rank, name, zone, start, since, until, every, unit, at, weekday, counts, members, windows = (
        row
    )
    return values.Layer(
        name=name,
        time_zone=zone,
        start=_instant(start),
        effective_from=_instant(since),
        effective_until=_instant(until) if until else None,
        handoff=values.Handoff(every, values.Unit(unit), time.fromisoformat(at), weekday),
        participants=_places(members or ()),
        restrictions=tuple(_restriction(window) for window in windows or ()),
        id=pk,
        lineage=lineage,
        rank=rank,
        counts_only_active=counts,
    )


def _places(members: Iterable[Sequence[Any]]) -> tuple[tuple[int, ...] | None, ...]:
    """The turns in order: who has each together, None where nobody does."""
    places: dict[int, list[int] | None] = {}
    for place, user in members:
        people = places.setdefault(place, None if user is None else [])
        if people is not None and user is not None:
            people.append(user)
    return tuple(None if people is None else tuple(people) for _, people in sorted(places.items()))


def _restriction(row: Sequence[Any]) -> values.Restriction:
    weekday, start, end = row
    return values.Restriction(weekday, time.fromisoformat(start), time.fromisoformat(end))


def _override(row: Sequence[Any]) -> values.Override:
    pk, start, end, user, replaces, created_at, layer, by = row
    return values.Override(
        pk,
        _instant(start),
        _instant(end),
        user,
        replaces,
        (_instant(created_at) - EPOCH) // timedelta(microseconds=1),
        replaces_everybody=replaces is None,
        layer=layer,
        by=by,
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
