from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.ui import times

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)  # the day on which Berlin's clocks go forward


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-4, "00:00"),
        (0, "00:00"),
        (59.9, "00:59"),
        (2232, "37:12"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (11560, "3:12:40"),
        (86399, "23:59:59"),
        (86400, "1 d 0 h"),
        (151200, "1 d 18 h"),
    ],
)
def test_a_duration_stands_as_on_a_clock(seconds: float, text: str) -> None:
    assert times.clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 05 min"),
        (86400, "1 d"),
        (151200, "1 d 18 h"),
    ],
)
def test_a_duration_in_words(seconds: float, text: str) -> None:
    assert times.words(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=45), "1 min ago"),
        (timedelta(minutes=8), "8 min ago"),
        (timedelta(minutes=59, seconds=29), "59 min ago"),
        (timedelta(hours=3, minutes=10), "3 h ago"),
        (timedelta(hours=24), ""),
        (-timedelta(minutes=8), "in 8 min"),
        (-timedelta(hours=5), "in 5 h"),
    ],
)
def test_how_long_ago_is_said_within_a_day(ago: timedelta, text: str) -> None:
    assert times.relative(NOW - ago, now=NOW) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), "01:30"),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "03:30"),
        (datetime(2026, 3, 28, 11, 0, tzinfo=UTC), "Sat 28 Mar 12:00"),
        (datetime(2025, 10, 22, 12, 31, tzinfo=UTC), "Wed 22 Oct 2025 14:31"),
    ],
)
def test_a_time_is_told_in_the_readers_zone(at: datetime, text: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert times.absolute(at, now=NOW) == text


def test_machines_read_utc_and_the_full_form_names_the_zone() -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert times.utc(at) == "2026-03-29T01:30:00Z"
        assert times.iso(at) == "2026-03-29T03:30:00+02:00"
        assert times.full(at) == "Sun 29 Mar 2026 03:30 CEST"
        assert times.day(at, now=NOW) == "Sun 29 Mar"
        assert times.day(datetime(2025, 1, 1, 12, tzinfo=UTC), now=NOW) == "Wed 1 Jan 2025"


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(hours=2), "Sun 16:00"),
        (timedelta(days=6), "Sat 14:00"),
        (timedelta(days=7), "Sun 5 Apr 14:00"),
        (-timedelta(days=8), "Sat 21 Mar 13:00"),
    ],
)
def test_a_weekday_beyond_a_week_has_its_date(ahead: timedelta, text: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert times.weekday(NOW + ahead, now=NOW) == text
