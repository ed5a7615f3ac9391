"""Random schedules, drawn around the nights on which clocks change.

Every time that a schedule holds is drawn around one such night, so that things happen at once. The helpers take as few
choices from Hypothesis as they can, because a choice costs more than what the rules do with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, product
from typing import Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oncall.schedules.rules.layers import (
    Away,
    CoverageHours,
    Handoff,
    Layer,
    OnHolidays,
    Override,
    Restriction,
    Unit,
)
from oncall.schedules.rules.resolver import Slice, final
from tests.oncall.schedules import oracle

ZONES = (
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Africa/Cairo",
    "America/Havana",
    "America/Asuncion",
    "America/Nuuk",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/St_Johns",
)
STEADY = ("UTC", "Asia/Kathmandu")
CLOCKS = tuple(
    time(hour, minute)
    for hour, minute in (
        (0, 0), (0, 30), (1, 0), (1, 30), (1, 45), (2, 0), (2, 15), (2, 30), (3, 0), (9, 0), (23, 0), (23, 30), (23, 59)
    )
)  # fmt: skip
PEOPLE = range(1, 5)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

SIXTEENTHS = st.integers(0, 15)
FEW, MANY = st.integers(-200, 200), st.integers(-4 * 1440, 4 * 1440)
LONG_BEFORE = st.integers(-66 * 1440, -1440)
DAYS_LATER = st.integers(0, 20)
# Left alone, most windows would be minutes long and most schedules without a layer.
SHORT, LONG = st.integers(1, 1440), st.integers(2 * 1440, 7 * 1440)
NAMES = st.sampled_from(("AB", "A", "ABC", "", "ABC", "A", "AB"))
LENGTH = st.integers(1, 3 * 1440)
# A number is a time of day near the change of the clock, which `clock_of` works out.
CLOCK = st.sampled_from((*CLOCKS, *range(22)))
WEEKDAY = st.sampled_from((None, *range(7)))
SOMEONE = st.sampled_from((None, *PEOPLE))
ROTATIONS = st.sampled_from(
    [tuple((person,) for person in people) for count in (2, 3, 4) for people in product(PEOPLE, repeat=count)]
)
GROUPS = [group for count in (2, 3) for group in combinations((3, 1, 4, 2), count)]
ODD_ROTATIONS = st.lists(st.sampled_from((None, (), (1,), (2,), (3,), (2, 2), *GROUPS)), max_size=4).map(
    tuple
)
RESTRICTIONS = st.lists(st.tuples(WEEKDAY, CLOCK, CLOCK), min_size=1, max_size=3)
TEAMS = [frozenset(team) for count in (1, 2, 3) for team in combinations(PEOPLE, count)]
ACTIVE = st.sampled_from((*[None] * len(TEAMS), *TEAMS))
UNITS = (Unit.DAY, Unit.HOUR, Unit.MONTH, Unit.WEEK)
OVERRIDES = st.integers(0, 4)
# Ranks of up to three layers; without them each stands above those before it.
RANKS = st.sampled_from(
    ((None,) * 3, (0, 0, 0), (0, 0, 1), (None,) * 3, (0, 1, 1), (0, 1, 0), (2, 1, 0), (None,) * 3)
)
LINEAGE = st.sampled_from((None, None, None, 1, 2, 3))
HOLIDAYS = st.frozensets(st.integers(-2, 3), min_size=1, max_size=3)
ABSENCES = st.integers(1, 2)
ORDER = st.integers(0, 5)


T = TypeVar("T")


class Draw(Protocol):
    """Takes one choice: what a composite strategy is given, or `draw` of `st.data()`."""

    def __call__(self, strategy: SearchStrategy[T], label: object = None, /) -> T: ...


@dataclass(frozen=True)
class Situation:
    change: datetime
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...]
    start: datetime
    end: datetime
    active: frozenset[int] | None
    away: tuple[Away, ...] = ()
    hours: tuple[CoverageHours, ...] = ()

    @property
    def is_ranked(self) -> bool:
        return any(layer.rank is not None for layer in self.layers)

    def slices(self) -> tuple[Slice, ...]:
        return final(
            self.layers, self.overrides, self.start, self.end, self.active, away=self.away, hours=self.hours
        )

    def expected(self, moment: datetime) -> oracle.Answer:
        absence = oracle.Absence(self.active, self.away)
        return oracle.who(self.layers, self.overrides, moment, absence, self.hours)


def seldom(draw: Draw) -> bool:
    """True for a quarter: most schedules stay plain enough to put somebody on call around the change."""
    # Hypothesis favours the ends of a range, so the seldom lies in the middle.
    return 6 <= draw(SIXTEENTHS) <= 9


def near(draw: Draw) -> timedelta:
    """A distance of hours, or of days, to either side."""
    return draw(MANY if draw(SIXTEENTHS) % 2 else FEW) * MINUTE


def change_of(draw: Draw, zone: str, *, after: int = 2008) -> datetime:
    """An instant at which the zone's clock is moved; any day where it never is."""
    changes = [moment for moment in oracle.changes(zone, 2009, 2032) if moment.year > after]
    return draw(st.sampled_from(changes)) if changes else datetime(2026, 3, 29, 1, tzinfo=UTC)


def clock_of(choice: time | int, zone: str, change: datetime) -> time:
    """A round time of day, or one that the clock skips or shows twice at its change."""
    if isinstance(choice, time):
        return choice
    before, after = oracle.shown(zone, change - MINUTE) + MINUTE, oracle.shown(zone, change)
    quarters, late = divmod(choice, 2)
    return ((after if late else before) + (quarters - 3) * 15 * MINUTE).time()


def handoff_around(draw: Draw, zone: str, change: datetime, units: Sequence[Unit] = UNITS) -> Handoff:
    unit = draw(st.sampled_from(units))
    every = draw(st.integers(1, 30 if unit is Unit.HOUR else 3))
    weekday = draw(WEEKDAY) if unit is Unit.WEEK else None
    return Handoff(every, unit, clock_of(draw(CLOCK), zone, change), weekday)


def layer_around(draw: Draw, zone: str, change: datetime, name: str) -> Layer:
    own_zone = draw(st.sampled_from((zone, zone, zone, *ZONES)))
    start = change + (near(draw) if seldom(draw) else draw(LONG_BEFORE) * MINUTE)
    free = holidays_around(draw, own_zone, change) if seldom(draw) else frozenset()
    return Layer(
        name=name,
        time_zone=own_zone,
        start=start,
        effective_from=start + (draw(DAYS_LATER) * DAY if seldom(draw) else timedelta()),
        effective_until=change + near(draw) if seldom(draw) else None,
        handoff=handoff_around(draw, own_zone, change),
        participants=draw(ODD_ROTATIONS if seldom(draw) else ROTATIONS),
        restrictions=windows_around(draw, own_zone, change) if seldom(draw) else (),
        counts_only_active=seldom(draw),
        on_holidays=draw(st.sampled_from((OnHolidays.NEVER, OnHolidays.ONLY))) if free else OnHolidays.COUNTS,
        holidays=free,
    )


def in_step(draw: Draw, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Some layers that hand over when the first one does, and are in force as long."""
    if not layers or not seldom(draw):
        return tuple(layers)
    first = layers[0]
    return tuple(
        replace(first, name=each.name, participants=each.participants, lineage=each.lineage, rank=each.rank)
        if draw(SIXTEENTHS) % 4
        else each
        for each in layers
    )


def holidays_around(draw: Draw, zone: str, change: datetime) -> frozenset[date]:
    """Local dates on and beside that of the change of the clock."""
    day = oracle.shown(zone, change).date()
    return frozenset(day + days * DAY for days in draw(HOLIDAYS))


def windows_around(draw: Draw, zone: str, change: datetime) -> tuple[Restriction, ...]:
    return tuple(
        Restriction(weekday, clock_of(opens, zone, change), clock_of(closes, zone, change))
        for weekday, opens, closes in draw(RESTRICTIONS)
    )


def override_around(draw: Draw, change: datetime, number: int) -> Override:
    start = change + near(draw)
    end = start + draw(LENGTH) * MINUTE
    user, replaces = draw(SOMEONE), draw(SOMEONE)
    everybody = replaces is None and draw(st.booleans())
    return Override(number, start, end, user, replaces, draw(ORDER), everybody, layer=draw(LINEAGE))


def away_around(draw: Draw, change: datetime, *, passes_on: bool) -> Away:
    start = None if seldom(draw) else change + near(draw)
    end = None if seldom(draw) else (start or change) + draw(LENGTH) * MINUTE
    yields = passes_on and draw(st.booleans())
    return Away(draw(st.sampled_from(PEOPLE)), start, end, "is away", passes_on=passes_on, yields=yields)


@st.composite
def situations(draw: DrawFn) -> Situation:
    zone = draw(st.sampled_from(ZONES))
    change = change_of(draw, zone)
    start = change - DAY + near(draw)
    count = draw(ABSENCES) if seldom(draw) else 0
    # Whether the turn of somebody is passed on whose account is closed as well is nowhere said.
    passes_on = count > 0 and draw(st.booleans())
    return Situation(
        change=change,
        layers=in_step(
            draw,
            [
                replace(layer_around(draw, zone, change, name), lineage=number, rank=rank)
                for number, (name, rank) in enumerate(zip(draw(NAMES), draw(RANKS), strict=False), start=1)
            ],
        ),
        overrides=tuple(override_around(draw, change, number) for number in range(draw(OVERRIDES))),
        start=start,
        end=start + draw(SHORT if seldom(draw) else LONG) * MINUTE,
        active=None if passes_on else draw(ACTIVE),
        away=tuple(away_around(draw, change, passes_on=passes_on) for _ in range(count)),
        hours=(
            CoverageHours(
                zone,
                windows_around(draw, zone, change),
                holidays=holidays_around(draw, zone, change) if draw(st.booleans()) else frozenset(),
            ),
        )
        if seldom(draw)
        else (),
    )


@st.composite
def plain_rotations(draw: DrawFn, units: Sequence[Unit] = UNITS) -> Layer:
    """One layer of single people, with nothing but a change of the clock to trip over."""
    zone = draw(st.sampled_from(ZONES))
    change = change_of(draw, zone, after=2011)
    start = change + near(draw) - draw(st.integers(0, 40)) * DAY
    count = draw(st.integers(1, 5))
    handoff = handoff_around(draw, zone, change, units)
    return Layer("A", zone, start, start, None, handoff, tuple((person,) for person in range(count)))
