"""Shifts that recur by the rules of calendars, as PagerDuty's events and Grafana OnCall's shifts do.

A recurring shift is laid out day by day over one cycle, then told again in the longest turns that say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import count, islice
from math import lcm
from zoneinfo import ZoneInfo

from oncall.imports.rules.source import Place, Rotation
from oncall.imports.rules.windows import DAY, window
from oncall.schedules.rules.layers import Restriction, Unit
from oncall.schedules.rules.turns import wall

# Days until a rotation begins anew, and turns in it: rows, which somebody has to read.
LONGEST_CYCLE = 420
MOST_PLACES = 100
# Weekdays as calendars write them, from Monday.
BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY_DAY = frozenset(range(7))


class NotKept(ValueError):
    """A rule that our rotations cannot express; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A shift from `first`, a wall-clock time, for `length`; every `interval` days, or weeks on `weekdays`.

    `places` take turns: each has `shifts_each` shifts, counted from `counted_from` (None: the first), or (None)
    all of one recurrence, then the next is on. It counts in [since, until); no shift begins after `last_begins`, and
    the last one has its whole length.
    """

    name: str
    time_zone: str
    first: datetime
    length: timedelta
    weekly: bool
    interval: int
    weekdays: frozenset[int]
    week_start: int
    places: tuple[Place, ...]
    shifts_each: int | None = None
    counted_from: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    last_begins: datetime | None = None
    rank: int = 0


def rotations(shift: Recurring) -> tuple[Rotation, ...]:
    """Give the rotations that put the same people on call. Raises NotKept."""
    if not shift.places or not shift.weekdays:
        raise NotKept("it names nobody or no day")
    if not timedelta() < shift.length <= 366 * DAY:
        raise NotKept("its shifts have no length, or one of more than a year")
    days = _laid_out(shift)
    shift = replace(shift, until=_end(shift, days))
    full, rest = divmod(shift.length, DAY)
    found = []
    first = shift.first.date()
    if full:
        found.append(_rotation(shift, [_together(days, day, full) for day in range(len(days))], first, DAY))
    if rest:
        moved = [days[(day - full) % len(days)] for day in range(len(days))]
        found.append(_rotation(shift, moved, first + full * DAY, rest))
    return tuple(found)


def _end(shift: Recurring, days: Sequence[Place]) -> datetime | None:
    """Give until when it counts: no longer than the last shift that begins in time."""
    if shift.last_begins is None:
        return shift.until
    zone, end = ZoneInfo(shift.time_zone), shift.last_begins
    passed = (end.astimezone(zone).date() - shift.first.date()).days
    for day in range(passed, max(passed - len(days), -1), -1):
        begins = shift.first + day * DAY
        if days[day % len(days)] and instant(begins, zone) <= shift.last_begins:
            end = max(end, instant(begins + shift.length, zone))
            break
    return end if shift.until is None else min(end, shift.until)


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Give the moment at which a zone's clock says so."""
    return wall(local.date(), local.time(), zone)


def _laid_out(shift: Recurring) -> list[Place]:
    """Give who begins a shift on each day of one cycle, from the day of the first on."""
    unit = 7 if shift.weekly else 1
    repeats = lcm(7, unit * shift.interval)
    if shift.shifts_each is None:
        cycle = lcm(repeats, unit * shift.interval * len(shift.places))
    else:
        begin = sum(number is not None for number in islice(_recurrences(shift), repeats)) or 1
        cycle = repeats * lcm(begin, len(shift.places) * shift.shifts_each) // begin
    if cycle > LONGEST_CYCLE:
        raise NotKept(f"its turns come round only after {cycle} days")
    days: list[Place] = []
    begun = -_shifts_before(shift)
    for number in islice(_recurrences(shift), cycle):
        turn = number
        if number is not None and shift.shifts_each is not None:
            turn, begun = begun // shift.shifts_each, begun + 1
        days.append(None if turn is None else shift.places[turn % len(shift.places)])
    return days


def _shifts_before(shift: Recurring) -> int:
    """Count the shifts before the one that is the first to be counted."""
    passed = -((shift.first - (shift.counted_from or shift.first)) // DAY)
    return sum(number is not None for number in islice(_recurrences(shift), max(passed, 0)))


def _recurrences(shift: Recurring) -> Iterator[int | None]:
    """Yield for each day from the first on the number of the recurrence whose shift begins then, or None."""
    day = shift.first.date()
    into_week = (day.weekday() - shift.week_start) % 7
    for passed in count():
        unit = (passed + into_week) // 7 if shift.weekly else passed
        on = unit % shift.interval == 0 and (day.weekday() + passed) % 7 in shift.weekdays
        yield unit // shift.interval if on else None


def _together(days: Sequence[Place], day: int, full: int) -> Place:
    """Give who is on call for a whole day: everybody whose shift began in the days that one lasts."""
    people = dict.fromkeys(
        key for back in range(min(full, len(days))) for key in days[(day - back) % len(days)] or ()
    )
    return tuple(people) or None


def _rotation(shift: Recurring, days: Sequence[Place], begins: date, length: timedelta) -> Rotation:
    """Tell a cycle of days, of which each counts for `length`, in the longest turns that say the same."""
    zone, clock = ZoneInfo(shift.time_zone), shift.first.time()
    first = shift.first.date()
    open_on = frozenset((first + DAY * day).weekday() for day, place in enumerate(days) if place)
    turn, places = _turns(days, first.weekday(), open_on)
    if len(places) > MOST_PLACES:
        raise NotKept(f"it needs {len(places)} turns")
    start = first + DAY * turn.offset
    weekly = turn.length % 7 == 0
    since = wall(begins, clock, zone)
    return Rotation(
        name=shift.name,
        time_zone=shift.time_zone,
        start=wall(start, clock, zone),
        every=turn.length // 7 if weekly else turn.length,
        unit=Unit.WEEK if weekly else Unit.DAY,
        handoff_at=clock,
        weekday=start.weekday() if weekly else None,
        places=places,
        windows=_windows(open_on, clock, length),
        since=since if shift.since is None else max(since, shift.since),
        until=shift.until,
        rank=shift.rank,
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    """How many days a turn has, and where the first begins: `offset` days after the first shift, or before it."""

    length: int
    offset: int


def _turns(
    days: Sequence[Place], first_weekday: int, open_on: frozenset[int]
) -> tuple[_Turn, tuple[Place, ...]]:
    """Find the longest turns. On a weekday on which nobody ever begins, anybody may have the turn."""
    counts = [(first_weekday + day) % 7 in open_on for day in range(len(days))]
    cycle = len(days)
    for length in (size for size in range(cycle, 0, -1) if cycle % size == 0):
        # A turn begins with a day of duty where it can, so that the hand-off is when somebody comes.
        for offset in sorted(range(length), key=lambda day: not counts[day]):
            found: list[Place] = []
            for begin in range(offset - length if offset else 0, cycle - length + 1, length):
                said = {days[day % cycle] for day in range(begin, begin + length) if counts[day % cycle]}
                if len(said) > 1:
                    break
                found.append(next(iter(said), None))
            else:
                return _Turn(length, offset - length if offset else 0), _shortest(found)
    raise AssertionError("turns of one day always say the same")


def _shortest(places: list[Place]) -> tuple[Place, ...]:
    """Cut a list of places that repeats itself to its first round."""
    size = len(places)
    for length in range(1, size + 1):
        if size % length == 0 and places == places[:length] * (size // length):
            return tuple(places[:length])
    return tuple(places)


def _windows(open_on: frozenset[int], clock: time, length: timedelta) -> tuple[Restriction, ...]:
    if open_on == EVERY_DAY:
        return () if length == DAY else window(None, clock, length)
    return tuple(each for weekday in sorted(open_on) for each in window(weekday, clock, length))
