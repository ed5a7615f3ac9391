from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.inbox.rules import Span, ends_at, next_working_morning

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "morning"),
    [
        ("2026-11-18 08:59", "2026-11-18 09:00"),  # a Wednesday
        ("2026-11-18 09:00", "2026-11-19 09:00"),
        ("2026-11-20 08:00", "2026-11-20 09:00"),
        ("2026-11-20 17:30", "2026-11-23 09:00"),  # over the weekend
        ("2026-11-21 03:00", "2026-11-23 09:00"),
        ("2026-11-22 23:59", "2026-11-23 09:00"),
        ("2026-03-27 22:00", "2026-03-30 09:00"),  # over the change to summer time
        ("2026-12-31 10:00", "2027-01-01 09:00"),
    ],
)
def test_the_next_working_morning_is_nine_on_a_weekday(local: str, morning: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    expected = datetime.fromisoformat(morning).replace(tzinfo=BERLIN)
    assert next_working_morning(at.astimezone(UTC), zone=BERLIN) == expected


def test_the_other_spans_are_as_long_as_they_say() -> None:
    at = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert ends_at(Span.QUARTER, at=at, zone=BERLIN) == at + timedelta(minutes=15)
    assert ends_at(Span.HOUR, at=at, zone=BERLIN) == at + timedelta(hours=1)
