"""What is entered: layers with their hand-offs and restrictions, and overrides."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
        check(self.every >= 1, "a rotation lasts at least one unit")
        check_wall(self.at, self.weekday)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A wall-clock window in which a layer counts; it runs over midnight when `end` is not after `start`."""

    weekday: int | None
    start: time
    end: time

    def __post_init__(self) -> None:
        check_wall(self.start, self.weekday)
        check_wall(self.end, None)


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
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "effective_from", utc(self.effective_from))
        if self.effective_until is not None:
            object.__setattr__(self, "effective_until", utc(self.effective_until))


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
        check(not self.replaces_everybody or self.replaces is None, "everybody is not one person")
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))


def utc(moment: datetime) -> datetime:
    # A naive time would silently be read in the zone of the server.
    check(moment.tzinfo is not None, "a moment needs a zone")
    return moment.astimezone(UTC)


def check_wall(clock: time, weekday: int | None) -> None:
    check(clock.tzinfo is None and not clock.fold, "a wall-clock time has no zone of its own")
    check(weekday is None or 0 <= weekday <= 6, "a weekday is a number from 0, Monday, to 6")


def check(condition: object, message: str) -> None:
    if not condition:
        raise Malformed(message)
