"""S-20: daily hand-offs at every half hour around the changes of every zone's clock, 2020 to 2040.

`make test` takes one change of each zone, `make proof` takes all.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zlib import crc32
from zoneinfo import available_timezones

from hypothesis import settings

from oncall.schedules.rules.layers import Handoff, Layer, Unit
from oncall.schedules.rules.resolver import layer_shifts
from tests import profiles
from tests.oncall.schedules import oracle

DAY = timedelta(days=1)
HALF_HOURS = tuple(time(hour, minute) for hour in range(24) for minute in (0, 30))
NEVER_CHANGED = datetime(2026, 3, 29, 1, tzinfo=UTC)
REACH = 3  # days before and after a change


def test_s20_handoffs_are_right_around_the_changes_of_all_zones() -> None:
    zones = sorted(available_timezones())
    moved = skipped = repeated = 0
    for zone in zones:
        for change in _changes(zone):
            moved += change != NEVER_CHANGED
            for clock in HALF_HOURS:
                assert _shifts(zone, change, clock) == _expected(zone, change, clock), (zone, change, clock)
                times = oracle.showings(zone, datetime.combine(oracle.shown(zone, change).date(), clock))
                skipped += not times
                repeated += len(times) > 1
    # The sweep met what it is there for.
    assert len(zones) > 500
    assert min(moved, skipped, repeated) > (5000 if _all() else 100)


def _all() -> bool:
    return settings().max_examples >= profiles.EXAMPLES["proof"]


def _changes(zone: str) -> tuple[datetime, ...]:
    if _all():
        return oracle.changes(zone, 2020, 2040) or (NEVER_CHANGED,)
    changes = oracle.changes(zone, 2020, 2040, step=7 * DAY) or (NEVER_CHANGED,)
    return (changes[crc32(zone.encode()) % len(changes)],)


def _shifts(zone: str, change: datetime, clock: time) -> list[tuple[datetime, tuple[int, ...]]]:
    """The turns that the rules give; the number of each is that of its date."""
    start, _ = next(_dates(zone, change, clock))
    people = tuple((number,) for number in range(2 * REACH + 1))
    layer = Layer("A", zone, start, start, None, Handoff(1, Unit.DAY, clock), people)
    *_, (end, _) = _dates(zone, change, clock)
    return [(piece.start, piece.users) for piece in layer_shifts(layer, start, end)]


def _expected(zone: str, change: datetime, clock: time) -> list[tuple[datetime, tuple[int, ...]]]:
    """A turn begins on each date when the clock first shows the time; one of no length is nobody's."""
    dates = list(_dates(zone, change, clock))
    return [(begins, (number,)) for (begins, number), (ends, _) in pairwise(dates) if begins < ends]


def _dates(zone: str, change: datetime, clock: time) -> Iterator[tuple[datetime, int]]:
    first = oracle.shown(zone, change).date() - REACH * DAY
    for number in range(2 * REACH + 1):
        yield oracle.instant_of(zone, datetime.combine(first + number * DAY, clock)), number
