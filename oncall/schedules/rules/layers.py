"""What is entered: layers with their hand-offs and restrictions, and overrides."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class OnHolidays(StrEnum):
    """What a layer does on public holidays: it counts as ever, or never, or on these days alone."""

    COUNTS = "counts"
    NEVER = "never"
    ONLY = "only"


class Exceptional(StrEnum):
    """What makes an exception: a person's override, a swap of shifts, an event of a calendar."""

    OVERRIDE = "override"
    SWAP = "swap"
    CALENDAR = "calendar"


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
class CoverageHours:
    """When somebody is meant to be on call, for as long as it is in force: outside of the windows nobody is, and `why`.

    Nor is anybody on the local dates that are `holidays`.
    """

    time_zone: str
    windows: tuple[Restriction, ...]
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    why: str = "outside of the coverage hours"
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation; its first place begins at `start`, it counts in [effective_from, effective_until).

    The layer of the highest `rank` that has somebody answers; layers of equal rank are on call together. Without
    ranks each layer stands above those before it. The `lineage` is the same in all versions of one layer. One that
    `is_fed` from a calendar has no people of its own: exceptions put them on call in it. The `holidays` are local dates.
    """

    name: str
    time_zone: str
    start: datetime
    effective_from: datetime
    effective_until: datetime | None
    handoff: Handoff
    participants: tuple[tuple[int, ...] | None, ...]
    restrictions: tuple[Restriction, ...] = ()
    id: int = 0
    lineage: int = 0
    rank: int | None = None
    counts_only_active: bool = False
    is_fed: bool = False
    on_holidays: OnHolidays = OnHolidays.COUNTS
    holidays: frozenset[date] = field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "effective_from", utc(self.effective_from))
        if self.effective_until is not None:
            object.__setattr__(self, "effective_until", utc(self.effective_until))


@dataclass(frozen=True, slots=True)
class Override:
    """An exception: `user` joins, or steps in for `replaces` or for everybody; without `user` those are just off.

    With a `layer`, which is a lineage, it changes what that layer says and nothing else. `by` is who made it.
    """

    id: int
    start: datetime
    end: datetime
    user: int | None
    replaces: int | None
    created_order: int
    replaces_everybody: bool = False
    layer: int | None = None
    by: str = ""
    kind: Exceptional = Exceptional.OVERRIDE

    def __post_init__(self) -> None:
        check(not self.replaces_everybody or self.replaces is None, "everybody is not one person")
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))


@dataclass(frozen=True, slots=True)
class Away:
    """A stretch in which somebody cannot be on call, and `why`, as in "is not active"; None has no end.

    Their place in a rotation is empty then; if it `passes_on`, the next place that has somebody takes it. One that
    `yields` keeps them on call where nobody else is left, and keeps no exception from putting them on call.
    """

    user: int
    start: datetime | None
    end: datetime | None
    why: str
    passes_on: bool = False
    yields: bool = False


@dataclass(frozen=True, slots=True)
class ShiftKey:
    """One turn of a layer, by a name that outlives edits which leave the turn as it is.

    `window` is the local date on which the restriction opens that cut the shift out of the turn, if one did.
    """

    lineage: int
    turn: int
    window: date | None = None


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
