"""Reads schedules into the resolver's values. Every answer about on-call time in the product comes from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from django.db import connection
from django.db.models import Q

from core.accounts import queries as accounts
from oncall.schedules import registry
from oncall.schedules.models import Override, Participant, Schedule, ScheduleVersion
from oncall.schedules.queries import stored
from oncall.schedules.rules import holidays, resolver, words
from oncall.schedules.rules import layers as values
from oncall.schedules.rules.turns import TICK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from oncall.schedules.models import Layer

HORIZON = timedelta(days=120)
Window = tuple[datetime, datetime]


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
    absent: tuple[values.Away, ...] = ()
    hours: tuple[values.CoverageHours, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    is_marked: bool = False

    def away(self, start: datetime, end: datetime) -> Sequence[values.Away]:
        """Who cannot be on call within the window."""
        ahead = (each for one in self.ahead for each in one.away(start, end))
        return (*self.closed, *ahead, *self.absent)

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
    (select min(v.effective_from) from oncall_scheduleversion v where v.schedule_id = s.id),
    (select json_agg(json_build_array(v.effective_from, v.effective_until, v.time_zone, v.coverage, v.stands_behind_id,
        v."offset", v.is_informal, v.holidays, v.closed_on_holidays, v.passes_over_absent) order by v.number)
        from oncall_scheduleversion v where v.schedule_id = s.id and v.effective_from < %(end)s
        and (v.effective_until is null or v.effective_until > %(start)s)
        and (v.coverage <> '[]' or v.stands_behind_id is not null or v.is_informal or v.holidays <> ''
            or v.passes_over_absent))::text,
    (select json_agg(json_build_array(l.id, l.lineage, l.position, l.name, l.time_zone, l.start, l.effective_from,
        l.effective_until, l.every, l.unit, l.handoff_at, l.weekday, l.counts_only_active, l.on_holidays,
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
            (
                pk,
                name,
                marked,
                _unlived(begun, deleted_at, start),
                *(orjson.loads(text or "[]") for text in texts),
            )
            for pk, name, marked, deleted_at, begun, *texts in cursor.fetchall()
        ]
    saved = {pk: [stored.Saved.of(row) for row in own] for pk, *_, own, _, _ in rows}
    layers = {pk: tuple(stored.layer(row) for row in own) for pk, *_, own, _ in rows}
    overrides = {pk: [stored.override(row) for row in own] for pk, *_, own in rows}
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
                hours=unlived,
                is_marked=has_exceptions,
            ),
            saved[pk],
            (start, end),
        )
        for pk, name, has_exceptions, unlived, *_ in rows
    }
    alone = _absent(alone, saved, (start, end))
    found = _absent({pk: _behind(alone[pk], saved[pk], alone) for pk in alone}, saved, (start, end))
    return found if ids is None else {pk: found[pk] for pk in sorted(set(ids) & found.keys())}


def as_if(version: ScheduleVersion, layers: Iterable[Layer], *, start: datetime, end: datetime) -> Resolved:
    """A schedule as if a version of it, with these rotations, counted in all of [start, end)."""
    pk, ahead = version.schedule_id, version.stands_behind_id
    found = resolve([pk] if ahead is None else [pk, ahead], start=start, end=end)
    own = tuple(
        replace(stored.layer_value(layer), effective_from=start, effective_until=None) for layer in layers
    )
    own += tuple(layer for layer in found[pk].layers if layer.is_fed)
    named = _named(own, found[pk].overrides)
    closed = _closed(accounts.closures(sorted(named)) if named else {}, named)
    row = stored.Saved(
        start,
        None,
        version.time_zone,
        version.coverage,
        ahead,
        version.offset,
        version.is_informal,
        version.holidays,
        version.closed_on_holidays,
        version.passes_over_absent,
    )
    alone = Resolved(pk, found[pk].name, own, found[pk].overrides, closed)
    one = _behind(_as_saved(alone, [row], (start, end)), [row], found)
    return _absent({pk: one}, {pk: [row]}, (start, end))[pk]


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


def _unlived(
    begun: datetime | None, deleted: datetime | None, start: datetime
) -> tuple[values.CoverageHours, ...]:
    """When nobody is meant to be on call: before the first version, and from the deletion on."""
    after = deleted_hours(deleted) if deleted else ()
    if begun is None or begun <= start:
        return after
    return (values.CoverageHours("UTC", (), None, begun, why=words.NOT_BEGUN), *after)


def deleted_hours(at: datetime) -> tuple[values.CoverageHours, ...]:
    """From the deletion of a schedule on nobody is meant to be on call by it."""
    return (values.CoverageHours("UTC", (), at, why=words.DELETED),)


def _as_saved(one: Resolved, versions: Iterable[stored.Saved], window: Window) -> Resolved:
    """Add what the versions say beside the rotations: coverage hours, public holidays, and whose people take no turns."""
    for saved in versions:
        free = frozenset[date]()
        if saved.holidays:
            # A year more to either side: a turn may begin before the window.
            free = holidays.dates(saved.holidays, range(window[0].year - 1, window[1].year + 2))
        if hours := saved.hours(free):
            one = replace(one, hours=(*one.hours, hours))
        layers = (
            _in_version(layer, saved, free) if _is_within(layer, saved.start, saved.end) else layer
            for layer in one.layers
        )
        one = replace(one, layers=tuple(layers))
    return one


def _in_version(layer: values.Layer, saved: stored.Saved, free: frozenset[date]) -> values.Layer:
    if saved.is_informal:
        layer = _together(layer)
    return layer if layer.on_holidays is values.OnHolidays.COUNTS else replace(layer, holidays=free)


def _absent(
    found: dict[int, Resolved], saved: Mapping[int, Iterable[stored.Saved]], window: Window
) -> dict[int, Resolved]:
    """Add who is away where such people are passed over. It is asked for all of these schedules at once."""
    passing = {pk: [each for each in saved[pk] if each.passes_over_absent] for pk in found}
    users = {user for pk, some in passing.items() if some for user in _named(found[pk].layers, ())}
    if not users:
        return found
    stretches = registry.absences(users, *window)
    away = {
        pk: tuple(
            values.Away(
                user,
                max(start, each.start),
                min(end, each.end or end),
                words.AWAY,
                passes_on=True,
                yields=True,
            )
            for each in some
            for user, start, end in stretches
            if start < (each.end or end) and end > each.start
        )
        for pk, some in passing.items()
    }
    return {pk: replace(one, absent=away[pk]) for pk, one in found.items()}


def _behind(one: Resolved, versions: Iterable[stored.Saved], others: Mapping[int, Resolved]) -> Resolved:
    """Add the schedules behind which this one stands; of these none stands behind another."""
    for saved in versions:
        if saved.ahead is not None:
            ahead = others[saved.ahead]
            led = () if saved.offset is None else _led(ahead.layers, saved.offset, saved.start, saved.end)
            one = replace(
                one,
                ahead=(*one.ahead, Ahead(ahead, saved.start, saved.end)),
                layers=(*one.layers, *led),
                closed=(*one.closed, *ahead.closed),
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
