from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.quiet.rules import Hours, Quiet, days_said, said, waits_until

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(range(7))
NIGHTS = Hours(EVERY_DAY, time(22), time(7))
WEEKEND = Hours(frozenset({5, 6}), time(7), time(22))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def until(quiet: Quiet, text: str) -> str | None:
    found = waits_until(quiet, at=berlin(text).astimezone(UTC))
    return f"{found.astimezone(BERLIN):%a %d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-18 21:59", None),  # a Wednesday
        ("2026-11-18 22:00", "Thu 19 07:00"),
        ("2026-11-19 02:41", "Thu 19 07:00"),
        ("2026-11-19 06:58", "Thu 19 07:00"),
        ("2026-11-19 06:59", None),  # the last minute is not waited for
        ("2026-11-19 07:00", None),
        ("2026-11-19 12:00", None),
    ],
)
def test_a_night_is_waited_for_until_its_morning(at: str, expected: str | None) -> None:
    assert until(Quiet(BERLIN, (NIGHTS,)), at) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20 12:00", None),  # a Friday
        ("2026-11-20 23:00", "Mon 23 07:00"),
        ("2026-11-21 12:00", "Mon 23 07:00"),
        ("2026-11-23 07:00", None),
    ],
)
def test_stretches_that_meet_are_one(at: str, expected: str | None) -> None:
    assert until(Quiet(BERLIN, (NIGHTS, WEEKEND)), at) == expected


def test_hours_count_on_the_day_on_which_they_begin() -> None:
    fridays = Quiet(BERLIN, (Hours(frozenset({4}), time(22), time(7)),))
    assert until(fridays, "2026-11-21 03:00") == "Sat 21 07:00"
    assert until(fridays, "2026-11-20 03:00") is None


def test_a_holiday_lasts_from_midnight_to_midnight_and_joins_the_night_after_it() -> None:
    christmas = Quiet(BERLIN, (), frozenset({date(2026, 12, 25)}))
    assert until(christmas, "2026-12-24 23:30") is None
    assert until(christmas, "2026-12-25 00:00") == "Sat 26 00:00"
    both = Quiet(BERLIN, (NIGHTS,), frozenset({date(2026, 12, 25)}))
    assert until(both, "2026-12-24 23:30") == "Sat 26 07:00"


@pytest.mark.parametrize(
    ("at", "hours"),
    [("2026-03-28 22:00", 8), ("2026-10-24 22:00", 10), ("2026-11-18 22:00", 9)],
)
def test_the_morning_is_by_the_clock_when_the_clocks_change(at: str, hours: int) -> None:
    begin = berlin(at).astimezone(UTC)
    assert waits_until(Quiet(BERLIN, (NIGHTS,)), at=begin) == begin + timedelta(hours=hours)


def test_whoever_is_quiet_all_the_time_hears_of_it_after_a_week() -> None:
    always = Quiet(BERLIN, (Hours(EVERY_DAY, time(0), time(12)), Hours(EVERY_DAY, time(12), time(0))))
    at = berlin("2026-11-18 03:00").astimezone(UTC)
    assert waits_until(always, at=at) == at + timedelta(days=7)


def test_nobody_waits_without_a_rule() -> None:
    assert waits_until(Quiet(BERLIN), at=datetime(2026, 11, 18, 3, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (range(7), "every day"),
        (range(5), "Monday to Friday"),
        ([5, 6], "Saturday and Sunday"),
        ([0], "Monday"),
        ([0, 2, 4], "Monday, Wednesday and Friday"),
    ],
)
def test_weekdays_are_said_as_people_say_them(days: range | list[int], words: str) -> None:
    assert days_said(frozenset(days)) == words


def test_the_end_is_said_with_its_day_and_zone() -> None:
    assert said(datetime(2026, 11, 23, 6, tzinfo=UTC), zone=BERLIN) == "Monday 07:00 CET"
