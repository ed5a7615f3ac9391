"""What a hard night is, and by when time off is taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from oncall.timeoff import rules
from oncall.timeoff.rules import Reached

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def page(
    text: str, about: str = "a1", *, heard: int = 0, over: int | None = None, woke: bool = True
) -> Reached:
    """A page at a time of UTC, answered after so many minutes; what it was about was over after so many."""
    start = at(text)
    return Reached(
        id=int(start.timestamp()),
        at=start,
        about=about,
        heard=start + timedelta(minutes=heard),
        over=None if over is None else start + timedelta(minutes=over),
        woke=woke,
    )


FOUR = [
    page("2026-10-19T22:40", "a1"),
    page("2026-10-20T00:47", "a2"),
    page("2026-10-20T02:10", "a3"),
    page("2026-10-20T03:05", "a4"),
]


def test_a_night_is_hard_with_more_pages_than_its_limit() -> None:
    """J08: 00:40, 02:47, 04:10 and 05:05 in Berlin, with a limit of three."""
    (night,) = rules.nights(FOUR, BERLIN)
    assert (night.morning, night.count) == (date(2026, 10, 20), 4)
    assert night.end == at("2026-10-20T07:00")
    assert rules.is_hard(night, limit=3, woken_minutes=0)
    assert not rules.is_hard(night, limit=4, woken_minutes=0)
    assert not rules.is_hard(night, limit=0, woken_minutes=0)


def test_to_be_asked_again_about_the_same_thing_is_no_other_page() -> None:
    again = [page("2026-10-20T00:00", "a1"), page("2026-10-20T01:00", "a1"), page("2026-10-20T02:00", "a2")]
    assert rules.nights(again, BERLIN)[0].count == 2


def test_what_comes_in_working_hours_is_of_no_night() -> None:
    assert rules.nights([page("2026-10-20T10:00")], BERLIN) == []


@pytest.mark.parametrize(
    ("pages", "minutes"),
    [
        ([page("2026-10-20T00:00", heard=5, over=95)], 95),
        ([page("2026-10-20T00:00", heard=5)], 5),
        # What is over in the afternoon did not keep them up until then.
        ([page("2026-10-20T00:00", heard=5, over=900)], 5),
        # Two at once are the same minutes.
        ([page("2026-10-20T00:00", heard=5, over=60), page("2026-10-20T00:30", "a2", heard=5, over=60)], 90),
        # In Berlin this is 21:30 and 06:30: from 22:00 to 07:00 people sleep.
        ([page("2026-10-19T19:30", heard=5, over=90)], 0),
        ([page("2026-10-20T04:30", heard=5, over=30)], 30),
        ([page("2026-10-20T04:30", heard=45)], 30),
        # It went to others: it is one of the night, and woke nobody.
        ([page("2026-10-20T00:00", over=95, woke=False)], 0),
    ],
)
def test_how_long_a_night_was_broken(pages: list[Reached], minutes: int) -> None:
    assert rules.awake(pages, BERLIN) == timedelta(minutes=minutes)


def test_a_night_is_hard_when_it_was_broken_for_longer() -> None:
    (night,) = rules.nights([page("2026-10-20T00:00", heard=5, over=61)], BERLIN)
    assert rules.is_hard(night, limit=3, woken_minutes=60)
    assert not rules.is_hard(night, limit=3, woken_minutes=61)
    assert not rules.is_hard(night, limit=3, woken_minutes=0)


def test_the_hour_that_comes_twice_is_slept_through_once() -> None:
    """25 October 2026: from 02:30 summer time to 03:30 winter time in Berlin are two hours."""
    long = page("2026-10-25T00:30", heard=5, over=120)
    assert rules.awake([long], BERLIN) == timedelta(hours=2)


def test_the_pages_of_a_night_that_somebody_may_know_of_have_to_be_enough() -> None:
    (night,) = rules.nights(FOUR, BERLIN)
    assert [page.id for page in night.pages] == [each.id for each in FOUR]
    (less,) = rules.nights(FOUR[1:], BERLIN)
    assert not rules.is_hard(less, limit=3, woken_minutes=0)


@pytest.mark.parametrize(
    ("now", "saturday"),
    [
        ("2026-10-18T21:59", "2026-10-10"),
        ("2026-10-18T22:00", "2026-10-17"),
        ("2026-10-24T12:00", "2026-10-17"),
        ("2026-10-25T22:59", "2026-10-17"),
        ("2026-10-25T23:00", "2026-10-24"),
    ],
)
def test_a_weekend_is_over_at_midnight_by_the_clocks_of_its_person(now: str, saturday: str) -> None:
    assert rules.weekend_before(at(now), BERLIN) == date.fromisoformat(saturday)


def test_the_last_day_counts_to_its_end() -> None:
    last = date(2026, 11, 3)
    assert rules.last_moment(last, BERLIN) == at("2026-11-03T23:00")
    assert rules.told_at(last, 3, BERLIN) == at("2026-10-31T08:00")
    assert rules.told_at(date(2026, 10, 27), 3, BERLIN) == at("2026-10-24T07:00")


def test_parts_and_words() -> None:
    assert rules.part(Fraction(1, 3), 16) == Decimal("5.33")
    assert rules.part(Fraction(1), 8) == Decimal("8.00")
    said = [rules.hours_said(Decimal(text)) for text in ("8.00", "1.00", "5.33", "0.50", "10.00")]
    assert said == ["8 hours", "1 hour", "5.33 hours", "0.5 hours", "10 hours"]
