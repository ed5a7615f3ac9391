from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from oncall.swaps.rules import Suggestion, ranked

START = datetime(2026, 12, 7, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SHIFT = [(START, START + DAY)]
ZONE = ZoneInfo("Europe/Berlin")


def at(days: float, length: float = 1) -> tuple[datetime, datetime]:
    """A stretch that begins so many days after the shift does."""
    return START + days * DAY, START + (days + length) * DAY


def of(*people: int, **given: dict[int, list[tuple[datetime, datetime]]]) -> list[Suggestion]:
    return ranked(
        SHIFT, dict.fromkeys(people, ZONE), *(given.get(name, {}) for name in ("duties", "away", "rests"))
    )


def test_the_fewest_hours_come_first_and_then_the_fewest_nights() -> None:
    duties = {1: [at(5), at(9)], 2: [at(5, 0.5)], 3: [at(6.5, 0.5)]}
    found = of(1, 2, 3, 4, duties=duties)
    assert [(one.user, one.hours, one.nights) for one in found] == [
        (4, 0, 0),
        (2, 12, 0),
        (3, 12, 1),
        (1, 48, 2),
    ]
    assert all(one.is_free and not one.against for one in found)


def test_who_is_on_call_or_away_then_comes_last_whatever_their_hours() -> None:
    found = of(1, 2, 3, duties={1: [at(0.5)], 3: [at(n, 0.9) for n in range(4, 20)]}, away={2: [at(-1, 1.1)]})
    assert [(one.user, one.is_free, one.against) for one in found] == [
        (3, True, ()),
        (2, False, ("away then",)),
        (1, False, ("on call then already",)),
    ]


def test_rest_is_kept_before_and_after() -> None:
    tight = {1: [at(1.4, 0.5)], 2: [at(-0.9, 0.5)], 3: [at(1 + 11 / 24)], 4: [at(8), at(9.2)]}
    against = {one.user: one.against for one in of(1, 2, 3, 4, duties=tight)}
    few = ("less than 11 hours of rest",)
    assert against == {1: few, 2: few, 3: (), 4: ()}, (
        "what lies between one's own duties is no matter of the shift"
    )


def test_a_week_is_the_longest_in_a_row() -> None:
    duties = {1: [at(1, 6)], 2: [at(1, 7)], 3: [at(-6, 6), at(1, 2)]}
    against = {one.user: one.against for one in of(1, 2, 3, duties=duties)}
    long = ("more than 7 days in a row",)
    assert against == {1: (), 2: long, 3: long}


def test_who_was_up_all_night_comes_after_who_slept() -> None:
    found = of(1, 2, 3, duties={2: [at(9)]}, away={3: [at(0)]}, rests={1: [at(-0.6, 0.7)], 2: [at(-1)]})
    assert [(one.user, one.against) for one in found] == [
        (2, ()),
        (1, ("rests after a night of many pages",)),
        (3, ("away then",)),
    ]
