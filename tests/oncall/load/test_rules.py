from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from oncall.load.rules import hours, pages, spans
from oncall.load.rules.hours import Kind
from oncall.load.rules.pages import Ping

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def at(text: str, zone: ZoneInfo = UTC_ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def week(first: str, zone: ZoneInfo = BERLIN) -> list[spans.Span]:
    """From a Monday 9:00 for a week, by the clocks of a zone."""
    start = datetime.fromisoformat(f"{first}T09:00")
    return [(at(start.isoformat(), zone), at((start + timedelta(days=7)).isoformat(), zone))]


@pytest.mark.parametrize(
    ("monday", "elapsed"), [("2026-03-16", 168), ("2026-03-23", 167), ("2026-10-19", 169)]
)
def test_a_week_over_a_change_of_the_clocks_is_a_week_of_other_length(monday: str, elapsed: int) -> None:
    found = hours.hours(hours.days(week(monday), BERLIN))
    assert found.total == timedelta(hours=elapsed)
    assert found.weeks == 1
    assert found.weekends == 1
    assert found.of(Kind.WORKING) == timedelta(hours=5 * 8)
    assert found.of(Kind.WEEKEND) == timedelta(hours=48 + elapsed - 168)
    assert found.of(Kind.EVENING) == timedelta(hours=80)


def test_each_hour_is_of_one_kind_by_the_clocks_of_the_person() -> None:
    span = [(at("2026-11-20T22:00"), at("2026-11-21T02:00"))]
    here, there = (hours.hours(hours.days(span, ZoneInfo(zone))) for zone in ("UTC", "America/New_York"))
    assert (here.of(Kind.EVENING), here.of(Kind.WEEKEND)) == (timedelta(hours=2), timedelta(hours=2))
    assert (there.of(Kind.EVENING), there.weekends) == (timedelta(hours=4), 0)


def test_a_holiday_is_one_on_whatever_day_it_falls() -> None:
    span = [(at("2026-12-24T09:00"), at("2026-12-27T00:00"))]
    found = hours.hours(hours.days(span, UTC_ZONE, {date(2026, 12, 25), date(2026, 12, 26)}))
    assert found.of(Kind.HOLIDAY) == timedelta(days=2)
    assert found.of(Kind.WEEKEND) == timedelta()
    assert (found.holidays, found.weekends) == (2, 1)


def test_two_schedules_at_once_are_one_stretch() -> None:
    first, second = week("2026-03-16")[0], (at("2026-03-17T00:00"), at("2026-03-24T08:00"))
    assert hours.hours(hours.days([first, second], BERLIN)).total == timedelta(days=8)
    assert hours.longest([first, second]) == timedelta(days=8)
    assert hours.longest([]) == timedelta()


def test_weeks_go_to_the_month_in_which_they_were() -> None:
    months = hours.by_month(hours.days(week("2026-08-31", UTC_ZONE), UTC_ZONE))
    assert months == [
        (date(2026, 8, 1), Fraction(15, 24 * 7)),
        (date(2026, 9, 1), 1 - Fraction(15, 24 * 7)),
    ]


def test_no_date_is_counted_that_a_zone_left_out() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = hours.days([(at("2011-12-29T00:00", apia), at("2012-01-01T00:00", apia))], apia)
    assert [day.day.day for day in found] == [29, 31]


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe"])
def test_a_year_of_hours_adds_up_in_zones_that_change_at_midnight(zone: str) -> None:
    clocks = ZoneInfo(zone)
    year = [(at("2026-01-01T00:00", clocks), at("2027-01-01T00:00", clocks))]
    found = hours.days(year, clocks)
    assert (len(found), {day.share for day in found}) == (365, {Fraction(1)})
    assert hours.hours(found).total == timedelta(days=365)


def test_stretches_are_joined_cut_and_taken_away() -> None:
    one, two, three, four = (at(f"2026-01-0{n}T00:00") for n in (1, 2, 3, 4))
    assert spans.united([(three, four), (one, two), (two, three), (two, two)]) == [(one, four)]
    assert spans.within([(one, three)], two, four) == [(two, three)]
    assert spans.without([(one, four)], [(two, three)]) == [(one, two), (three, four)]
    assert spans.without([(two, three)], [(one, four)]) == []
    assert spans.length([(one, two), (three, four)]) == timedelta(days=2)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-02-01", "2026-01-31", "ends before it begins"),
        ("1999-12-31", "2000-01-02", "Give dates from 2000-01-01"),
        ("2099-12-31", "2100-01-01", "to 2099-12-31"),
        ("2026-01-01", "2027-01-02", "at most 366 days"),
    ],
)
def test_periods_that_nothing_is_told_about(first: str, last: str, words: str) -> None:
    with pytest.raises(spans.Unfit, match=words):
        spans.period(date.fromisoformat(first), date.fromisoformat(last))


def test_a_period_may_be_a_leap_year_long() -> None:
    spans.period(date(2028, 1, 1), date(2028, 12, 31))


def test_a_broken_night_counts_once_and_its_pages_each() -> None:
    times = ("2026-11-18T23:30", "2026-11-19T00:40", "2026-11-19T02:47", "2026-11-19T06:59")
    found = pages.counted([Ping(at(time, BERLIN), f"a{n}") for n, time in enumerate(times)], BERLIN)
    assert (found.at_night, found.out_of_hours, found.in_hours) == (4, 4, 0)
    assert found.woken == (date(2026, 11, 19),)
    assert found.nights == ((date(2026, 11, 16), 4),)


def test_the_evening_is_out_of_hours_and_wakes_nobody() -> None:
    times = ("2026-11-19T17:00", "2026-11-19T21:59", "2026-11-20T07:00")
    found = pages.counted([Ping(at(time), f"a{n}") for n, time in enumerate(times)], UTC_ZONE)
    assert (found.at_night, found.out_of_hours, found.woken) == (0, 3, ())


def test_being_asked_again_about_the_same_thing_is_one_page_of_that_night() -> None:
    times = (
        "2026-11-19T01:00",
        "2026-11-19T01:20",
        "2026-11-19T10:00",
        "2026-11-19T11:00",
        "2026-11-20T01:00",
    )
    found = pages.counted([Ping(at(time), "a1") for time in times], UTC_ZONE)
    assert (found.in_hours, found.at_night, found.total) == (1, 2, 3)
    assert found.woken == (date(2026, 11, 19), date(2026, 11, 20))
