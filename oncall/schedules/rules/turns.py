"""The turns of a layer in UTC.

Hand-offs are wall-clock rules in a named zone. They are turned into UTC once, in `wall`; everything after that is
arithmetic on half-open UTC intervals.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import Layer, Unit

DAY = timedelta(days=1)


# Local dates looked at beside the window: a zone may skip a whole day (Apia, December 2011).
MARGIN = 2 * DAY
T = TypeVar("T")
U = TypeVar("U")
Span = tuple[datetime, datetime, T]


def shifts(layer: Layer, start: datetime, end: datetime) -> Iterator[Span[int]]:
    """Yield the numbered turns of a layer within the window, cut to its restrictions."""
    start = max(start, layer.start, layer.effective_from)
    end = end if layer.effective_until is None else min(end, layer.effective_until)
    if start >= end:
        return
    turns = _rotation_turns(layer, start, end)
    if not layer.restrictions:
        yield from turns
        return
    for begin, finish, turn, _ in meet(turns, _open_windows(layer, start, end)):
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
            spans.append((wall(day, window.start, zone), wall(until, window.end, zone)))
        day += DAY
    joined: list[Span[None]] = []
    for begin, finish in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish), None)
        elif begin < finish:
            joined.append((begin, finish, None))
    return joined


def meet(left: Iterable[Span[T]], right: Iterable[Span[U]]) -> Iterator[tuple[datetime, datetime, T, U]]:
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
def wall(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant of a wall-clock time; `fold` 0 is both halves of the rule for nights of change.

    A time that does not exist moves forward by the gap; of two that do, the first counts.
    """
    return datetime.combine(day, clock, zone).astimezone(UTC)
