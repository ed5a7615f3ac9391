"""Recurring shifts told as rotations, against the shifts themselves counted one by one. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from oncall.imports.rules import comparing
from oncall.imports.rules.recurring import EVERY_DAY, NotKept, Recurring, rotations
from oncall.imports.rules.source import Reading
from oncall.schedules.rules.layers import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKING = frozenset(range(5))
WEDNESDAY = datetime(2026, 1, 7, 9)  # noqa: DTZ001 - by the clock of the shift's zone
MONDAY = datetime(2026, 1, 5, 9)  # noqa: DTZ001
HOURS = timedelta(hours=8)
DAY = timedelta(days=1)


def shift(**fields: object) -> Recurring:
    given: dict[str, object] = {
        "name": "Shift",
        "time_zone": "UTC",
        "first": MONDAY,
        "length": HOURS,
        "weekly": True,
        "interval": 1,
        "weekdays": WORKING,
        "week_start": 0,
        "places": (("a",), ("b",), ("c",)),
    }
    return Recurring(**given | fields)  # type: ignore[arg-type]


def one_by_one(of: Recurring, days: int) -> Iterator[tuple[datetime, datetime, tuple[str, ...]]]:
    """Every shift of the first days: begin, end, people."""
    week = of.first.date() - timedelta(days=(of.first.weekday() - of.week_start) % 7)
    counted = 0
    for passed in range(days):
        begin = of.first + passed * DAY
        if of.last_begins and begin.replace(tzinfo=UTC) > of.last_begins:
            return
        units = (begin.date() - week).days // 7 if of.weekly else passed
        if units % of.interval or begin.weekday() not in of.weekdays:
            continue
        if of.shifts_each is None:
            turn = units // of.interval
        else:
            turn = counted // of.shifts_each
            counted += 1
        yield begin, begin + of.length, of.places[turn % len(of.places)] or ()


@pytest.mark.parametrize(
    "told",
    [
        shift(),
        shift(first=WEDNESDAY),
        shift(first=WEDNESDAY, week_start=6),
        shift(interval=2),
        shift(interval=3, places=(("a",), None)),
        shift(weekdays=frozenset({0, 3}), length=10 * HOURS / 8),
        shift(shifts_each=1),
        shift(shifts_each=2, first=WEDNESDAY),
        shift(shifts_each=5),
        shift(shifts_each=1, interval=2, places=(("a", "b"), ("c",))),
        shift(weekly=False, weekdays=EVERY_DAY, length=DAY),
        shift(weekly=False, weekdays=EVERY_DAY, interval=3),
        shift(weekly=False, weekdays=WORKING, length=DAY),
        shift(weekly=False, weekdays=EVERY_DAY, interval=2, length=2 * DAY, shifts_each=1),
        shift(weekdays=frozenset({0}), length=7 * DAY),
        shift(weekdays=frozenset({2}), first=WEDNESDAY, interval=2, length=14 * DAY),
        shift(weekdays=frozenset({4}), first=MONDAY + 4 * DAY, length=2 * DAY + timedelta(hours=15)),
        shift(weekdays=frozenset({0, 1}), length=2 * DAY),
        shift(places=(("a",),), length=timedelta(hours=20), first=MONDAY.replace(hour=22)),
        shift(last_begins=datetime(2026, 2, 24, 9, tzinfo=UTC)),
        shift(last_begins=datetime(2026, 2, 24, 8, tzinfo=UTC), length=DAY),
        shift(last_begins=datetime(2026, 2, 24, 8, tzinfo=UTC), until=datetime(2026, 2, 23, 12, tzinfo=UTC)),
        shift(last_begins=datetime(2026, 2, 22, 8, tzinfo=UTC)),
        shift(last_begins=datetime(2026, 3, 1, 8, tzinfo=UTC), weekdays=frozenset({0}), length=7 * DAY),
        shift(last_begins=datetime(2026, 1, 4, 8, tzinfo=UTC)),
    ],
)
def test_rotations_put_the_same_people_on_call_as_the_shifts_one_by_one(told: Recurring) -> None:
    made = rotations(told)
    shifts = list(one_by_one(told, 120))
    begin = (told.first + 21 * DAY).replace(tzinfo=UTC)
    found = list(comparing.resolved(Reading("", made), begin, begin + 77 * DAY, lambda _key: True))

    differ = []
    for hour in range(77 * 24):
        moment = begin + timedelta(hours=hour, minutes=30)
        naive = moment.replace(tzinfo=None)
        wanted = {person for start, end, people in shifts if start <= naive < end for person in people}
        wanted = wanted if told.until is None or moment < told.until else set()
        on = next(people for start, end, people in found if start <= moment < end)
        if on != wanted:
            differ.append((moment, wanted, on))
    assert not differ, (differ[:3], made)


def test_turns_are_told_as_long_as_they_are() -> None:
    (weekly,) = rotations(shift(first=WEDNESDAY))

    assert (weekly.unit, weekly.every, weekly.weekday) == (Unit.WEEK, 1, 0)
    assert weekly.places == (("a",), ("b",), ("c",))
    assert [window.weekday for window in weekly.windows] == [0, 1, 2, 3, 4]
    assert weekly.begins == WEDNESDAY.replace(tzinfo=UTC)

    (fortnight,) = rotations(shift(weekdays=frozenset({0}), interval=2, length=14 * DAY))
    assert (fortnight.unit, fortnight.every, fortnight.windows) == (Unit.WEEK, 2, ())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"places": ()}, "nobody"),
        ({"weekdays": frozenset()}, "no day"),
        ({"length": timedelta()}, "no length"),
        ({"length": 400 * DAY}, "more than a year"),
        ({"places": tuple((str(n),) for n in range(61))}, "only after 427 days"),
        ({"weekly": False, "weekdays": EVERY_DAY, "places": tuple((str(n),) for n in range(101))}, "days"),
    ],
)
def test_what_no_rotation_can_say_is_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(NotKept, match=sentence):
        rotations(replace(shift(), **wrong))  # type: ignore[arg-type]
