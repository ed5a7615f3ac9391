"""Who is on call: the one resolver behind paging, the calendar, the API and every feed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import WEEKDAYS, Layer, Override, ShiftKey, Unit, check, utc
from oncall.schedules.rules.turns import Span, meet, shifts

TICK = timedelta(microseconds=1)


# Most answers to "who is next" lie this near; the whole horizon is worked out only when this one does not.
NEAR = timedelta(days=8)


class Kind(StrEnum):
    """What a stretch of a schedule is. Closed is where nobody is meant to be on call."""

    DUTY = "duty"
    GAP = "gap"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of time [start, end) with one answer; `users` is empty where nobody is on call.

    `layer` is the layer that won before exceptions. Of the exceptions the last one that changed its answer is named:
    in `override` or in `swap`. `shifts` are the turns that the layers gave out, with whom each is.
    """

    start: datetime
    end: datetime
    users: tuple[int, ...]
    layer: str | None
    override: int | None
    reason: str
    shifts: tuple[tuple[int, ShiftKey], ...] = ()
    swap: int | None = None
    is_closed: bool = False

    @property
    def kind(self) -> Kind:
        if self.users:
            return Kind.DUTY
        return Kind.CLOSED if self.is_closed else Kind.GAP


@dataclass(frozen=True, slots=True)
class Now:
    """Who is on call, until when, and who is next: None when nobody else is before the horizon."""

    current: Slice
    following: Slice | None

    @property
    def until(self) -> datetime | None:
        return self.following.start if self.following else None


@dataclass(frozen=True, slots=True)
class _Answer:
    users: tuple[int, ...]
    layer: str | None
    override: int | None
    reason: str


Active = frozenset[int] | None


def final(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    start: datetime,
    end: datetime,
    active_users: Active = None,
) -> tuple[Slice, ...]:
    """Return the final schedule as slices that tile [start, end); the last layer has the highest priority.

    `active_users` None means that everybody is active. An empty window has no slices.
    """
    start, end = utc(start), utc(end)
    if start >= end:
        return ()
    merged: list[Span[_Answer]] = []
    for begin, finish, base, exceptions in meet(
        _layered(layers, start, end, active_users), _exceptions(overrides, start, end)
    ):
        answer = _overridden(base, exceptions, active_users) if exceptions else base
        if merged and merged[-1][2] == answer:
            merged[-1] = (merged[-1][0], finish, answer)
        else:
            merged.append((begin, finish, answer))
    return tuple(_slice(begin, finish, answer) for begin, finish, answer in merged)


def at(
    layers: Sequence[Layer], overrides: Sequence[Override], instant: datetime, active_users: Active = None
) -> Slice:
    """Return who is on call at `instant` and why, as a slice of one microsecond; `now` knows until when."""
    return final(layers, overrides, instant, utc(instant) + TICK, active_users)[0]


def now(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    horizon: timedelta,
    active_users: Active = None,
) -> Now:
    """Return who is on call from `instant` until other people are, and who that will be, within `horizon`."""
    instant = utc(instant)
    check(horizon > timedelta(), "a horizon lies ahead")

    def turns(reach: timedelta) -> list[Slice]:
        return _turns(final(layers, overrides, instant, instant + reach, active_users))

    # The last turn of a window is cut by it, so the near window answers only when a third turn begins in it.
    found = turns(min(NEAR, horizon))
    if len(found) < 3 and horizon > NEAR:
        found = turns(horizon)
    return Now(found[0], found[1] if len(found) > 1 else None)


def beside(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    horizon: timedelta,
    active_users: Active = None,
    *,
    before: bool,
) -> Slice:
    """Return the nearest turn after (or `before`) the one at `instant` that other people have, within `horizon`.

    Gaps are passed over. Where there is no such turn the slice has nobody, and says how far was looked.
    """
    instant = utc(instant)
    for reach in (min(NEAR, horizon), horizon):
        start, end = (instant - reach, instant + TICK) if before else (instant, instant + reach)
        turns = _turns(final(layers, overrides, start, end, active_users))
        here, *others = reversed(turns) if before else turns
        found = next((turn for turn in others if turn.users and turn.users != here.users), None)
        if found is not None:
            return found
    when = "had it" if before else "has it"
    return Slice(start, end, (), None, None, f"nobody else {when} within {horizon.days} days")


def layer_shifts(
    layer: Layer, start: datetime, end: datetime, active_users: Active = None
) -> tuple[Slice, ...]:
    """Return one layer's own shifts, one per turn and restriction window, cut to [start, end).

    A turn that nobody can take (unassigned, nobody active) is a shift without users.
    """
    places = _places(layer, active_users)
    return tuple(
        _slice(begin, finish, places[turn % len(places)])
        for begin, finish, turn in shifts(layer, utc(start), utc(end))
    )


def _turns(slices: Sequence[Slice]) -> list[Slice]:
    """Join neighbours that put the same people on call, whichever rule says so."""
    joined: list[Slice] = []
    for piece in slices:
        if joined and joined[-1].users == piece.users:
            joined[-1] = replace(joined[-1], end=piece.end)
        else:
            joined.append(piece)
    return joined


def _slice(begin: datetime, finish: datetime, answer: _Answer) -> Slice:
    return Slice(begin, finish, answer.users, answer.layer, answer.override, answer.reason)


def _layered(
    layers: Sequence[Layer], start: datetime, end: datetime, active: Active
) -> Iterator[Span[_Answer]]:
    """Tile the window with what the layers alone say."""
    changes: list[tuple[datetime, int, _Answer | None]] = [(start, -1, None)]
    for rank, layer in enumerate(layers):
        places = _places(layer, active)
        for begin, finish, turn in shifts(layer, start, end):
            changes.append((begin, rank, places[turn % len(places)]))
            changes.append((finish, rank, None))
    changes.append((end, -1, None))
    # The sort is stable, so where two turns of a layer meet, the old one goes before the new one comes.
    changes.sort(key=itemgetter(0))
    nobody = _Answer((), None, None, "no layer covers this time")
    on: dict[int, _Answer] = {}
    for (instant, rank, place), (following, _, _) in pairwise(changes):
        if place is None:
            on.pop(rank, None)
        else:
            on[rank] = place
        if instant < following:
            yield instant, following, _winner(on, nobody)


def _winner(on: dict[int, _Answer], nobody: _Answer) -> _Answer:
    if not on:
        return nobody
    top = on[max(on)]
    if top.users:
        return top
    passed_over: list[str] = []
    for rank in sorted(on, reverse=True):
        place = on[rank]
        if place.users:
            return replace(place, reason="; ".join((place.reason, *passed_over)))
        passed_over.append(place.reason)
    return replace(nobody, reason="; ".join(passed_over))


def _places(layer: Layer, active: Active) -> tuple[_Answer, ...]:
    """Who stands in for each place of the rotation, or why nobody does."""
    name = f'layer "{layer.name}"'
    if not layer.participants:
        return (_Answer((), None, None, f"{name} has no participants"),)
    rule = f"{name} ({_rhythm(layer)})"
    places = []
    for place in layer.participants:
        users = tuple(dict.fromkeys(user for user in place or () if active is None or user in active))
        if users:
            places.append(_Answer(users, layer.name, None, rule))
        else:
            why = "has nobody active in this turn" if place else "has nobody assigned to this turn"
            places.append(_Answer((), None, None, f"{name} {why}"))
    return tuple(places)


def _rhythm(layer: Layer) -> str:
    handoff, first = layer.handoff, layer.start.astimezone(ZoneInfo(layer.time_zone))
    often = f"every {handoff.every} {handoff.unit}s"
    if handoff.every == 1:
        often = {Unit.HOUR: "hourly", Unit.DAY: "daily", Unit.WEEK: "weekly", Unit.MONTH: "monthly"}[
            handoff.unit
        ]
    clock = f"{handoff.at:%H:%M} {layer.time_zone}"
    match handoff.unit:
        case Unit.HOUR:
            return f"{often}, counted from {clock}"
        case Unit.DAY:
            return f"{often}, {clock}"
        case Unit.WEEK:
            weekday = first.weekday() if handoff.weekday is None else handoff.weekday
            return f"{often}, {WEEKDAYS[weekday]} {clock}"
        case Unit.MONTH:
            return f"{often}, day {first.day} at {clock}"


def _exceptions(
    overrides: Sequence[Override], start: datetime, end: datetime
) -> Iterator[Span[tuple[Override, ...]]]:
    """Tile the window with the overrides in force, in the order of their creation."""
    waiting = sorted((each for each in overrides if each.start < end and each.end > start), key=_beginning)
    bounds = sorted(
        {start, end, *(max(each.start, start) for each in waiting), *(min(each.end, end) for each in waiting)}
    )
    in_force: list[Override] = []
    taken = 0
    for begin, finish in pairwise(bounds):
        in_force = [each for each in in_force if each.end > begin]
        while taken < len(waiting) and waiting[taken].start <= begin:
            if waiting[taken].end > begin:
                in_force.append(waiting[taken])
            taken += 1
        yield begin, finish, tuple(sorted(in_force, key=_creation))


def _beginning(override: Override) -> datetime:
    return override.start


def _creation(override: Override) -> tuple[int, int]:
    return override.created_order, override.id


def _overridden(base: _Answer, overrides: Sequence[Override], active: Active) -> _Answer:
    """Apply the overrides in the order given, each to what the ones before it left."""
    users, decisive, ignored = base.users, None, []
    for override in overrides:
        changed = _applied(override, users)
        if changed == users:
            continue
        if override.user is not None and active is not None and override.user not in active:
            ignored.append(f"override {_until(override)} ignored, its person is not active")
            continue
        users, decisive = changed, override
    reason = base.reason
    if decisive:
        reason = f"override {_until(decisive)}" + ("" if users else " leaves nobody on call")
    return _Answer(
        users, base.layer, decisive.id if decisive else None, "; ".join((reason, *dict.fromkeys(ignored)))
    )


def _applied(override: Override, users: tuple[int, ...]) -> tuple[int, ...]:
    joins, leaves = override.user, override.replaces
    if override.replaces_everybody:
        return () if joins is None else (joins,)
    if joins == leaves:
        return users
    if joins in users:
        joins = None
    if leaves is None:
        return users if joins is None else (*users, joins)
    swapped = (joins if user == leaves else user for user in users)
    return tuple(user for user in swapped if user is not None)


def _until(override: Override) -> str:
    return f"until {override.end:%Y-%m-%d %H:%M} UTC"
