"""Rotations whose turns have a length, as PagerDuty's layers and Opsgenie's rotations have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import gcd
from zoneinfo import ZoneInfo

from oncall.imports.rules.source import Loss, Place, Reading, Rotation, members
from oncall.imports.rules.windows import DAY, WEEK, window
from oncall.schedules.rules.layers import Restriction, Unit
from oncall.schedules.rules.turns import wall

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """A rotation by length: the first place begins at `start`, each turn lasts `length`."""

    name: str
    time_zone: str
    start: datetime
    length: timedelta
    places: tuple[Place, ...]
    windows: tuple[Restriction, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    rank: int = 0


def readings(turns: Sequence[Turns], said: str = "") -> Iterator[Reading]:
    """Yield what such rotations may mean: an API does not say what a turn does when the clocks change."""
    yield _reading(turns, f"{said}turns by the clock", (by_the_clock, by_elapsed_time))
    yield _reading(turns, f"{said}turns by the time that passes", (by_elapsed_time, by_the_clock))


def distinct(found: Iterable[Reading]) -> tuple[Reading, ...]:
    """Leave out readings that come to the same as one before them."""
    kept: list[Reading] = []
    for reading in found:
        if all(reading.rotations != other.rotations for other in kept):
            kept.append(reading)
    return tuple(kept)


def _reading(
    turns: Sequence[Turns], said: str, tried: Sequence[Callable[[Turns], tuple[Rotation, ...]]]
) -> Reading:
    rotations: list[Rotation] = []
    losses: list[Loss] = []
    for each in turns:
        made = next((found for read in tried if (found := read(each))), ()) if each.places else ()
        rotations += made
        if not made:
            losses.append(_loss(each))
    return Reading(said, tuple(rotations), tuple(losses))


def _loss(turns: Turns) -> Loss:
    why = f"a turn of {turns.length.total_seconds():,.0f} seconds is no number of hours"
    if not turns.places:
        why = "nobody takes part in it"
    return Loss(turns.name, f"It is left out: {why}.", members(turns.places))


def by_the_clock(turns: Turns) -> tuple[Rotation, ...]:
    """Read the length in days of the wall clock: hand-offs keep their time of day. Empty where that is no reading."""
    if turns.length % WEEK == timedelta():
        return (_rotation(turns, Unit.WEEK, turns.length // WEEK),)
    if turns.length % DAY == timedelta():
        return (_rotation(turns, Unit.DAY, turns.length // DAY),)
    if DAY % turns.length == timedelta() and turns.length >= HOUR and not turns.windows:
        return _parts_of_a_day(turns)
    return ()


def by_elapsed_time(turns: Turns) -> tuple[Rotation, ...]:
    """Read the length as hours that pass: hand-offs move when the clock changes. Empty where that is no reading."""
    if turns.length % HOUR == timedelta():
        return (_rotation(turns, Unit.HOUR, turns.length // HOUR),)
    return ()


def _rotation(turns: Turns, unit: Unit, every: int) -> Rotation:
    first = turns.start.astimezone(ZoneInfo(turns.time_zone))
    return Rotation(
        name=turns.name,
        time_zone=turns.time_zone,
        start=turns.start,
        every=every,
        unit=unit,
        handoff_at=first.time(),
        weekday=first.weekday() if unit is Unit.WEEK else None,
        places=turns.places,
        windows=turns.windows,
        since=turns.since,
        until=turns.until,
        rank=turns.rank,
    )


def _parts_of_a_day(turns: Turns) -> tuple[Rotation, ...]:
    """Make one daily rotation of each part of the day; place number n of the whole comes every `parts` turns."""
    zone = ZoneInfo(turns.time_zone)
    first = turns.start.astimezone(zone).replace(tzinfo=None)
    parts, count = DAY // turns.length, len(turns.places)
    found = []
    for part in range(parts):
        begins = first + part * turns.length
        places = tuple(
            turns.places[(day * parts + part) % count] for day in range(max(count // gcd(parts, count), 1))
        )
        daily = _rotation(replace(turns, start=wall(begins.date(), begins.time(), zone)), Unit.DAY, 1)
        found.append(
            replace(
                daily,
                name=f"{turns.name} from {begins:%H:%M}",
                handoff_at=begins.time(),
                places=places,
                windows=window(None, begins.time(), turns.length),
            )
        )
    return tuple(found)
