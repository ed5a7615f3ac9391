"""Reads a schedule's rows into the resolver's values. Every answer about on-call time in the product comes from here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.accounts.models import User
from oncall.schedules import grid
from oncall.schedules.models import Layer, Override, Participant, Schedule
from oncall.schedules.rules import layers as values
from oncall.schedules.rules import resolver

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

HORIZON = timedelta(days=120)


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


def schedules() -> QuerySet[Schedule]:
    """Every schedule with its team, by name. Who is on call is no secret to anybody who may sign in."""
    return Schedule.objects.select_related("team").order_by("name")


def resolve(schedule_ids: Iterable[int] | None, *, start: datetime, end: datetime) -> dict[int, Resolved]:
    """Read schedules (None: all) for the window [start, end), in six queries however many there are."""
    chosen = Schedule.objects.all() if schedule_ids is None else Schedule.objects.filter(pk__in=schedule_ids)
    rows = list(chosen)
    if not rows:
        return {}
    ids = [row.pk for row in rows]
    layers: defaultdict[int, list[values.Layer]] = defaultdict(list)
    for layer in _layers(ids, start=start, end=end):
        layers[layer.schedule_id].append(layer_value(layer))
    overrides: defaultdict[int, list[values.Override]] = defaultdict(list)
    live = Override.objects.filter(schedule__in=ids, cancelled_at=None, end__gt=start, start__lt=end)
    for row in live.order_by("created_at", "id"):
        overrides[row.schedule_id].append(override_value(row, order=len(overrides[row.schedule_id])))
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


def _layers(ids: Collection[int], *, start: datetime, end: datetime) -> Iterable[Layer]:
    return (
        Layer.objects.filter(schedule__in=ids, effective_from__lt=end)
        .filter(Q(effective_until=None) | Q(effective_until__gt=start))
        .prefetch_related(
            Prefetch("participants", Participant.objects.order_by("place", "id")), "restrictions"
        )
        .order_by("position", "effective_from", "id")
    )


def turns(layer: Layer) -> list[list[User] | None]:
    """The turns of a rotation in order: who has each together, None where nobody has it."""
    found: dict[int, list[User] | None] = {}
    for member in layer.participants.select_related("user").order_by("place", "id"):
        together = found.setdefault(member.place, None if member.user is None else [])
        if together is not None and member.user is not None:
            together.append(member.user)
    return list(found.values())


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


def override_value(row: Override, *, order: int) -> values.Override:
    """One override's row as the resolver's value; `order` is its place by creation."""
    return values.Override(
        row.pk,
        row.start,
        row.end,
        row.user_id,
        row.replaces_id,
        order,
        replaces_everybody=row.replaces_id is None,
    )


def on_call(schedule_ids: Iterable[int], at: datetime | None = None) -> dict[int, resolver.Slice]:
    """Who is on call in each of these schedules at an instant (default: now), with the reason."""
    instant = at or timezone.now()
    found = resolve(schedule_ids, start=instant, end=instant + timedelta(microseconds=1))
    return {pk: one.at(instant) for pk, one in found.items()}


@dataclass(frozen=True, slots=True)
class Watch:
    """One schedule right now: who has it, until when, who is next."""

    schedule: Schedule
    now: resolver.Now
    people: tuple[User, ...]
    next_people: tuple[User, ...]


def watches(schedule_ids: Collection[int] | None = None, at: datetime | None = None) -> list[Watch]:
    """Who has each schedule (None: all) at an instant, by name of the schedule."""
    instant = at or timezone.now()
    rows = schedules() if schedule_ids is None else schedules().filter(pk__in=schedule_ids)
    found = resolve([row.pk for row in rows], start=instant, end=instant + HORIZON)
    states = {row.pk: found[row.pk].now(instant) for row in rows}
    ids = {
        pk
        for state in states.values()
        for piece in (state.current, state.following)
        if piece
        for pk in piece.users
    }
    people = User.objects.in_bulk(ids)

    def named(piece: resolver.Slice | None) -> tuple[User, ...]:
        return tuple(people[pk] for pk in piece.users if pk in people) if piece else ()

    return [
        Watch(row, states[row.pk], named(states[row.pk].current), named(states[row.pk].following))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which one person has one schedule."""

    schedule_id: int
    name: str
    start: datetime
    end: datetime
    override: int | None


def shifts_of(user: User, *, start: datetime, end: datetime) -> list[Shift]:
    """When a person is on call in [start, end), all schedules together, soonest first."""
    shifts: list[Shift] = []
    for one in resolve(naming([user.pk]), start=start, end=end).values():
        shifts += _merged(one, user.pk, one.final(start, end))
    return sorted(shifts, key=lambda shift: (shift.start, shift.name))


def shifts(*, start: datetime, end: datetime) -> list[tuple[int, Shift]]:
    """When anybody is on call in [start, end), all schedules together: the person's id and the shift, soonest first."""
    found = [
        (user_id, shift)
        for one in resolve(None, start=start, end=end).values()
        for slices in [one.final(start, end)]
        for user_id in {pk for piece in slices for pk in piece.users}
        for shift in _merged(one, user_id, slices)
    ]
    return sorted(found, key=lambda pair: (pair[1].start, pair[1].name, pair[0]))


def shifts_in(one: Resolved, user_id: int, *, start: datetime, end: datetime) -> list[Shift]:
    """When a person has one schedule in [start, end), which it was read for."""
    return _merged(one, user_id, one.final(start, end))


def _merged(one: Resolved, user_id: int, slices: Sequence[resolver.Slice]) -> list[Shift]:
    found: list[Shift] = []
    for piece in slices:
        if user_id not in piece.users:
            continue
        if found and found[-1].end == piece.start:
            found[-1] = Shift(
                one.schedule_id, one.name, found[-1].start, piece.end, found[-1].override or piece.override
            )
        else:
            found.append(Shift(one.schedule_id, one.name, piece.start, piece.end, piece.override))
    return found


def address(schedule: Schedule) -> str:
    """The schedule's page for people."""
    return f"{settings.BASE_URL}/on-call/{schedule.slug}/"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the calendar, with the words beside it."""

    label: str
    note: str
    blocks: list[grid.Block]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Two weeks of a schedule: layers, overrides, and the line that says who is paged."""

    schedule: Schedule
    window: grid.Window
    layers: list[Row]
    overrides: Row
    final: list[grid.Block]
    people: dict[int, User]
    overlaps: dict[int, Override]

    @property
    def gaps(self) -> list[grid.Block]:
        return [block for block in self.final if block.is_gap]


def calendar(schedule: Schedule, *, first: date, days: int, zone: ZoneInfo, now: datetime) -> Calendar:
    """Work out a schedule's calendar from the midnight of `first` in `zone`."""
    window = grid.window(first, days=days, zone=zone, now=now)
    one = resolve([schedule.pk], start=window.start, end=window.end)[schedule.pk]
    rows: dict[str, Row] = {}
    for layer in one.layers:  # an edited rotation is drawn on one line, before and after
        row = rows.setdefault(layer.name, Row(layer.name, "", []))
        shifts = resolver.layer_shifts(layer, window.start, window.end, one.active)
        row.blocks.extend(grid.blocks(shifts, within=window, gaps=False))
        rows[layer.name] = replace(row, note=rhythm(layer))
    final = grid.blocks(one.final(window.start, window.end), within=window, gaps=True)
    over = grid.exceptions(one.overrides, within=window)
    drawn = [block for row in rows.values() for block in row.blocks] + final + over
    people = User.objects.in_bulk({pk for block in drawn for pk in block.users})
    ids = [override.id for override in one.overrides]
    known = Override.objects.select_related("user", "replaces", "created_by").in_bulk(ids)
    return Calendar(
        schedule, window, list(rows.values()), Row("Overrides", "and covers", over), final, people, known
    )


def rhythm(layer: values.Layer) -> str:
    """A rotation in words, as weekly, Mon 09:00."""
    handoff = layer.handoff
    one = {
        values.Unit.HOUR: "hourly",
        values.Unit.DAY: "daily",
        values.Unit.WEEK: "weekly",
        values.Unit.MONTH: "monthly",
    }
    every = one[handoff.unit] if handoff.every == 1 else f"every {handoff.every} {handoff.unit}s"
    if handoff.unit is values.Unit.HOUR:
        return every
    day = f"{values.WEEKDAYS[handoff.weekday][:3]} " if handoff.weekday is not None else ""
    return f"{every}, {day}{handoff.at:%H:%M}"


def coming_gaps(*, now: datetime, days: int = 14) -> dict[int, resolver.Slice]:
    """The first stretch of the next days in which a schedule has nobody, by schedule."""
    end = now + timedelta(days=days)
    found: dict[int, resolver.Slice] = {}
    for pk, one in resolve(None, start=now, end=end).items():
        gap = next((piece for piece in one.final(now, end) if not piece.users), None)
        if gap is not None:
            found[pk] = gap
    return found


def get(slug: str) -> Schedule:
    """One schedule; 404 where absent."""
    return get_object_or_404(Schedule.objects.select_related("team"), slug=slug)


def override(schedule: Schedule, pk: int) -> Override:
    """One live override of a schedule; 404 where absent."""
    return get_object_or_404(
        Override.objects.select_related("schedule"), schedule=schedule, pk=pk, cancelled_at=None
    )


def layers_in_force(schedule: Schedule, *, at: datetime) -> list[Layer]:
    """The rotations that count at an instant or later, lowest first, with their people."""
    return list(_layers([schedule.pk], start=at, end=at + timedelta(days=3650)))


def duty(user: User) -> Shift | None:
    """The shift that a person has now, with its real end; None when not on call."""
    now = timezone.now()
    mine = shifts_of(user, start=now, end=now + timedelta(days=28))
    return mine[0] if mine and mine[0].start <= now else None


def live_overrides(schedule: Schedule) -> QuerySet[Override]:
    """Overrides of a schedule that were not cancelled and are not over, soonest first."""
    return Override.objects.filter(schedule=schedule, cancelled_at=None, end__gt=timezone.now()).order_by(
        "start", "pk"
    )
