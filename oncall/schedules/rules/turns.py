"""The turns of a layer in UTC.

Hand-offs are wall-clock rules in a named zone. They are turned into UTC once, in `wall`; everything after that is
arithmetic on half-open UTC intervals.
"""

from calendar import monthrange
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import Handoff, Layer, OnHolidays, Restriction, Unit

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
MIDNIGHT = time()


# Local dates looked at beside the window: a zone may skip a whole day (Apia, December 2011).
MARGIN = 2 * DAY
# So many turns are counted together, and remembered.
BLOCK = 128
T = TypeVar("T")
U = TypeVar("U")
Span = tuple[datetime, datetime, T]
Turn = tuple[int, date | None]
"""The number of a turn, and the local date on which the part of it begins that a restriction cuts out."""


def shifts(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[Turn]]:
    """Yield the turns of a layer within the window, cut to its restrictions and to what it does on public holidays."""
    if layer.on_holidays is OnHolidays.COUNTS:
        return _by_windows(layer, start, end)
    return _by_holidays(layer, start, end)


def _by_holidays(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[Turn]]:
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    zone, rotation = ZoneInfo(layer.time_zone), _rotation(layer.start, layer.time_zone, layer.handoff)
    # Whole turns, so that a shift has one date however windows and versions cut it.
    since, until = rotation.begin(rotation.turn(start)), rotation.begin(rotation.turn(end) + 1)
    free = _free_days(layer, since, until)
    whole = replace(layer, effective_from=layer.start, effective_until=None)
    for begin, finish, (number, day) in _by_windows(whole, since, until):
        for opens, closes, _ in without([(begin, finish, None)], free):
            if opens < end and closes > start:
                is_cut = (opens, closes) != (begin, finish)
                own = opens.astimezone(zone).date() if is_cut else day
                yield max(opens, start), min(closes, end), (number, own)


def _by_windows(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[Turn]]:
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    rotation = _rotation(layer.start, layer.time_zone, layer.handoff)
    if not layer.restrictions:
        for begin, finish, turn in rotation.turns(start, end):
            yield begin, finish, (turn, None)
        return
    zone = ZoneInfo(layer.time_zone)
    # From where the turn begins, so that a shift has one date however the window cuts it.
    first = rotation.turn(start)
    origin = max(rotation.begin(first), layer.start)
    counted, latest = _used_before(layer, first) - 1 if layer.counts_only_active else -1, None
    windows = open_windows(layer.time_zone, layer.restrictions, origin, end)
    for begin, finish, turn, _ in meet(rotation.turns(origin, end), windows):
        if turn != latest:
            counted, latest = counted + 1, turn
        if finish > start:
            number = counted if layer.counts_only_active else turn
            yield begin if begin > start else start, finish, (number, begin.astimezone(zone).date())


def rhythm(layer: Layer) -> Hashable:
    """What the turns of a layer depend on: layers with the same have the same shifts."""
    return (
        layer.start,
        layer.time_zone,
        layer.handoff,
        layer.restrictions,
        layer.counts_only_active,
        layer.on_holidays,
        layer.holidays,
        layer.effective_from,
        layer.effective_until,
    )


def turn_at(layer: Layer, instant: datetime) -> int | None:
    """Give the number of the turn at an instant; None while the layer does not count."""
    if instant < layer.start or instant < layer.effective_from:
        return None
    if layer.effective_until is not None and instant >= layer.effective_until:
        return None
    if layer.restrictions and not _is_open(ZoneInfo(layer.time_zone), layer.restrictions, instant):
        return None
    if layer.on_holidays is not OnHolidays.COUNTS or layer.counts_only_active:
        return next((turn for _, _, (turn, _) in shifts(layer, instant, instant + TICK)), None)
    return _rotation(layer.start, layer.time_zone, layer.handoff).turn(instant)


def whole(layer: Layer, instant: datetime) -> tuple[datetime, datetime]:
    """Give from when until when the turn at an instant lasts in the rotation, whatever windows and versions say."""
    rotation = _rotation(layer.start, layer.time_zone, layer.handoff)
    turn = rotation.turn(instant)
    return rotation.begin(turn), rotation.begin(turn + 1)


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
        return wall(self._date(number), self.at, self.zone)

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


@dataclass(frozen=True, slots=True)
class _Rotation:
    """The turns of a layer: `stride` lines of a grid each, counted from the line `first`."""

    grid: _Elapsed | _WallClock
    first: int
    stride: int

    def begin(self, turn: int) -> datetime:
        return self.grid.instant(self.first + turn * self.stride)

    def turn(self, moment: datetime) -> int:
        return (self.grid.last(moment) - self.first) // self.stride

    def turns(self, start: datetime, end: datetime) -> Iterator[Span[int]]:
        turn, begin, line = self.turn(start), start, self.grid.instant
        while begin < end:
            finish = min(line(self.first + (turn + 1) * self.stride), end)
            # On a date that a zone leaves out, a turn has no length and nobody loses anything.
            if begin < finish:
                yield begin, finish, turn
                begin = finish
            turn += 1


@lru_cache(maxsize=4096)
def _rotation(start: datetime, time_zone: str, handoff: Handoff) -> _Rotation:
    zone = ZoneInfo(time_zone)
    if handoff.unit is Unit.HOUR:
        clock = _WallClock(Unit.DAY, handoff.at, zone, 0, 1)
        hours = _Elapsed(clock.instant(clock.last(start)), timedelta(hours=handoff.every))
        return _Rotation(hours, hours.last(start), 1)
    local = start.astimezone(zone)
    weekday = local.weekday() if handoff.weekday is None else handoff.weekday
    days = _WallClock(handoff.unit, handoff.at, zone, weekday, local.day)
    return _Rotation(days, days.last(start), handoff.every)


def _used_before(layer: Layer, turn: int) -> int:
    """Count the turns before this one in which a window is open."""
    blocks, rest = divmod(turn, BLOCK)
    whole = sum(_used(layer, block * BLOCK, BLOCK) for block in range(blocks))
    return whole + _used(layer, blocks * BLOCK, rest)


@lru_cache(maxsize=4096)
def _used(layer: Layer, turn: int, count: int) -> int:
    rotation = _rotation(layer.start, layer.time_zone, layer.handoff)
    start, end = max(rotation.begin(turn), layer.start), rotation.begin(turn + count)
    windows = open_windows(layer.time_zone, layer.restrictions, start, end)
    return len({number for _, _, number, _ in meet(rotation.turns(start, end), windows)})


def open_windows(
    time_zone: str, restrictions: Sequence[Restriction], start: datetime, end: datetime
) -> list[Span[None]]:
    """Give when one of the windows is open, as disjoint spans in order, at least for [start, end)."""
    zone = ZoneInfo(time_zone)
    day, last = start.astimezone(zone).date() - MARGIN, end.astimezone(zone).date() + DAY
    daily = [[each for each in restrictions if each.weekday in {None, weekday}] for weekday in range(7)]
    spans: list[tuple[datetime, datetime]] = []
    while day <= last:
        spans += [_instants(window, day, zone) for window in daily[day.weekday()]]
        day += DAY
    joined: list[Span[None]] = []
    for begin, finish in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish), None)
        elif begin < finish:
            joined.append((begin, finish, None))
    return joined


def _free_days(layer: Layer, start: datetime, end: datetime) -> list[Span[None]]:
    """Give when a layer does not count for the public holidays, at least within [start, end)."""
    days = days_of(layer.time_zone, layer.holidays, start, end)
    if layer.on_holidays is OnHolidays.NEVER:
        return days
    return list(without([(start - MARGIN, end + MARGIN, None)], days))


def days_of(time_zone: str, dates: Iterable[date], start: datetime, end: datetime) -> list[Span[None]]:
    """Give local dates, midnight to midnight, as disjoint spans in order, at least those that overlap [start, end)."""
    zone = ZoneInfo(time_zone)
    first, last = start.astimezone(zone).date() - MARGIN, end.astimezone(zone).date() + MARGIN
    joined: list[Span[None]] = []
    for day in sorted(each for each in dates if first <= each <= last):
        begin, finish = wall(day, MIDNIGHT, zone), wall(day + DAY, MIDNIGHT, zone)
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish), None)
        elif begin < finish:
            joined.append((begin, finish, None))
    return joined


def without(spans: Iterable[Span[None]], taken: Sequence[Span[None]]) -> Iterator[Span[None]]:
    """Cut spans out of others, both disjoint and in order."""
    for begin, finish, _ in spans:
        reached = begin
        for since, until, _ in taken:
            if since < finish and until > reached:
                if reached < since:
                    yield reached, since, None
                reached = until
        if reached < finish:
            yield reached, finish, None


def _is_open(zone: ZoneInfo, restrictions: Sequence[Restriction], instant: datetime) -> bool:
    today = instant.astimezone(zone).date()
    for days in (0, -1, 1, -2):
        day = today + days * DAY
        weekday = day.weekday()
        for window in restrictions:
            if window.weekday is None or window.weekday == weekday:
                begin, finish = _instants(window, day, zone)
                if begin <= instant < finish:
                    return True
    return False


def _instants(window: Restriction, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    until = day + DAY if window.end <= window.start else day
    return wall(day, window.start, zone), wall(until, window.end, zone)


def meet(left: Iterable[Span[T]], right: Iterable[Span[U]]) -> Iterator[tuple[datetime, datetime, T, U]]:
    """Yield where two rows of disjoint spans in order overlap, with what each says there."""
    these, those = iter(left), iter(right)
    this, that = next(these, None), next(those, None)
    while this is not None and that is not None:
        this_begin, this_end, that_begin, that_end = this[0], this[1], that[0], that[1]
        begin = this_begin if this_begin > that_begin else that_begin
        finish = this_end if this_end < that_end else that_end
        if begin < finish:
            yield begin, finish, this[2], that[2]
        if this_end <= that_end:
            this = next(these, None)
        if that_end <= this_end:
            that = next(those, None)


# The layers of a company hand over at the same few times, and every page and calendar asks for them again.
@lru_cache(maxsize=16384)
def wall(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time; `fold` 0 is both halves of the rule for nights of change.

    A time that does not exist moves forward by the gap; of two that do, the first counts.
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)
