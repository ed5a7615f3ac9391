"""Who is on call: the one resolver behind paging, the calendar, the API and every feed.

Hand-offs are wall-clock rules in a named zone. They are turned into UTC once, in `_wall`; everything after
that is arithmetic on half-open UTC intervals.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
# Local dates looked at beside the window: a zone may skip a whole day (Apia, December 2011).
MARGIN = 2 * DAY
# Most answers to "who is next" lie this near; the whole horizon is worked out only when this one does not.
NEAR = timedelta(days=8)


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Malformed(ValueError):
    """A schedule that means nothing: a time without a zone, a rotation of no length."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """When the next place takes over: every so many units, at a wall-clock time.

    Weekly rotations hand over on `weekday` (0 is Monday; None: the weekday of the start), monthly ones
    on the day of the month of the layer's start, or on the last day of a shorter month.
    """

    every: int
    unit: Unit
    at: time
    weekday: int | None = None

    def __post_init__(self) -> None:
        _check(self.every >= 1, "a rotation lasts at least one unit")
        _check_wall(self.at, self.weekday)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A wall-clock window in which a layer counts; it runs over midnight when `end` is not after `start`."""

    weekday: int | None
    start: time
    end: time

    def __post_init__(self) -> None:
        _check_wall(self.start, self.weekday)
        _check_wall(self.end, None)


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation; its first place begins at `start`, it counts in [effective_from, effective_until)."""

    name: str
    time_zone: str
    start: datetime
    effective_from: datetime
    effective_until: datetime | None
    handoff: Handoff
    participants: tuple[tuple[int, ...] | None, ...]
    restrictions: tuple[Restriction, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _utc(self.start))
        object.__setattr__(self, "effective_from", _utc(self.effective_from))
        if self.effective_until is not None:
            object.__setattr__(self, "effective_until", _utc(self.effective_until))


@dataclass(frozen=True, slots=True)
class Override:
    """An exception: `user` joins, or steps in for `replaces` or for everybody; without `user` those are just off."""

    id: int
    start: datetime
    end: datetime
    user: int | None
    replaces: int | None
    created_order: int
    replaces_everybody: bool = False

    def __post_init__(self) -> None:
        _check(not self.replaces_everybody or self.replaces is None, "everybody is not one person")
        object.__setattr__(self, "start", _utc(self.start))
        object.__setattr__(self, "end", _utc(self.end))


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of time [start, end) with one answer; `users` is empty where nobody is on call.

    `layer` is the layer that won before overrides, `override` the last override that changed its answer.
    """

    start: datetime
    end: datetime
    users: tuple[int, ...]
    layer: str | None
    override: int | None
    reason: str


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


T = TypeVar("T")
U = TypeVar("U")
Span = tuple[datetime, datetime, T]
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
    start, end = _utc(start), _utc(end)
    if start >= end:
        return ()
    merged: list[Span[_Answer]] = []
    for begin, finish, base, exceptions in _meet(
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
    return final(layers, overrides, instant, _utc(instant) + TICK, active_users)[0]


def now(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    horizon: timedelta,
    active_users: Active = None,
) -> Now:
    """Return who is on call from `instant` until other people are, and who that will be, within `horizon`."""
    instant = _utc(instant)
    _check(horizon > timedelta(), "a horizon lies ahead")

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
    instant = _utc(instant)
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
        for begin, finish, turn in _shifts(layer, _utc(start), _utc(end))
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
        for begin, finish, turn in _shifts(layer, start, end):
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


def _shifts(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[int]]:
    """Yield the numbered turns of a layer within the window, cut to its restrictions."""
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    turns = _rotation_turns(layer, start, end)
    if not layer.restrictions:
        yield from turns
        return
    for begin, finish, turn, _ in _meet(turns, _open_windows(layer, start, end)):
        yield begin, finish, turn


def _rotation_turns(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[int]]:
    grid = _elapsed(layer) if layer.handoff.unit is Unit.HOUR else _wall_clock(layer)
    # An hourly grid already has the length of a turn; a wall-clock grid has a line every day, week or month.
    stride = 1 if layer.handoff.unit is Unit.HOUR else layer.handoff.every
    first = grid.last(layer.start)
    turn = (grid.last(start) - first) // stride
    begin = start
    while begin < end:
        finish = min(grid.instant(first + (turn + 1) * stride), end)
        # On a date that a zone leaves out, a turn has no length and nobody loses anything.
        if begin < finish:
            yield begin, finish, turn
            begin = finish
        turn += 1


@dataclass(frozen=True, slots=True)
class _Elapsed:
    """Numbered instants a fixed length of real time apart."""

    origin: datetime
    step: timedelta

    def instant(self, number: int) -> datetime:
        return self.origin + number * self.step

    def last(self, moment: datetime) -> int:
        return (moment - self.origin) // self.step


@dataclass(frozen=True, slots=True)
class _WallClock:
    """Numbered instants at one wall-clock time of every day, of one weekday, or of one day of the month."""

    unit: Unit
    at: time
    zone: ZoneInfo
    weekday: int
    day: int

    def instant(self, number: int) -> datetime:
        return _wall(self._date(number), self.at, self.zone)

    def last(self, moment: datetime) -> int:
        """Return the number of the last instant at or before `moment`."""
        # From a day ahead, because a clock that is put back over midnight returns to a date it had left.
        number = self._number(moment.astimezone(self.zone).date() + DAY)
        while self.instant(number) > moment:
            number -= 1
        return number

    def _date(self, number: int) -> date:
        if self.unit is Unit.DAY:
            return date.fromordinal(number)
        if self.unit is Unit.WEEK:
            return date.fromordinal(7 * number + self.weekday + 1)
        year, month = divmod(number, 12)
        return date(year, month + 1, min(self.day, monthrange(year, month + 1)[1]))

    def _number(self, day: date) -> int:
        if self.unit is Unit.DAY:
            return day.toordinal()
        if self.unit is Unit.WEEK:
            return (day.toordinal() - self.weekday - 1) // 7
        return 12 * day.year + day.month - 1


def _elapsed(layer: Layer) -> _Elapsed:
    clock = _WallClock(Unit.DAY, layer.handoff.at, ZoneInfo(layer.time_zone), 0, 1)
    return _Elapsed(clock.instant(clock.last(layer.start)), timedelta(hours=layer.handoff.every))


def _wall_clock(layer: Layer) -> _WallClock:
    zone, handoff = ZoneInfo(layer.time_zone), layer.handoff
    first = layer.start.astimezone(zone)
    weekday = first.weekday() if handoff.weekday is None else handoff.weekday
    return _WallClock(handoff.unit, handoff.at, zone, weekday, first.day)


def _open_windows(layer: Layer, start: datetime, end: datetime) -> list[Span[None]]:
    """Return when the restrictions let the layer count, as disjoint spans in order."""
    zone = ZoneInfo(layer.time_zone)
    day, last = start.astimezone(zone).date() - MARGIN, end.astimezone(zone).date() + DAY
    daily = [[each for each in layer.restrictions if each.weekday in {None, weekday}] for weekday in range(7)]
    spans: list[tuple[datetime, datetime]] = []
    while day <= last:
        for window in daily[day.weekday()]:
            until = day + DAY if window.end <= window.start else day
            spans.append((_wall(day, window.start, zone), _wall(until, window.end, zone)))
        day += DAY
    joined: list[Span[None]] = []
    for begin, finish in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish), None)
        elif begin < finish:
            joined.append((begin, finish, None))
    return joined


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


def _meet(left: Iterable[Span[T]], right: Iterable[Span[U]]) -> Iterator[tuple[datetime, datetime, T, U]]:
    """Yield where two rows of disjoint spans in order overlap, with what each says there."""
    these, those = iter(left), iter(right)
    this, that = next(these, None), next(those, None)
    while this is not None and that is not None:
        begin, finish = max(this[0], that[0]), min(this[1], that[1])
        if begin < finish:
            yield begin, finish, this[2], that[2]
        this_end, that_end = this[1], that[1]
        if this_end <= that_end:
            this = next(these, None)
        if that_end <= this_end:
            that = next(those, None)


# The layers of a company hand over at the same few times, and every page and calendar asks for them again.
@lru_cache(maxsize=16384)
def _wall(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time; `fold` 0 is both halves of the rule for nights of change.

    A time that does not exist moves forward by the gap; of two that do, the first counts.
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _utc(moment: datetime) -> datetime:
    # A naive time would silently be read in the zone of the server.
    _check(moment.tzinfo is not None, "a moment needs a zone")
    return moment.astimezone(UTC)


def _check_wall(clock: time, weekday: int | None) -> None:
    _check(clock.tzinfo is None and not clock.fold, "a wall-clock time has no zone of its own")
    _check(weekday is None or 0 <= weekday <= 6, "a weekday is a number from 0, Monday, to 6")


def _check(condition: object, message: str) -> None:
    if not condition:
        raise Malformed(message)
