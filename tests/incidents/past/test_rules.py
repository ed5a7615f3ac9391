from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from incidents.past.rules import Between, Stretch, between, worst_by_day

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_time_between_failures_is_from_one_beginning_to_the_next_in_whatever_order() -> None:
    begun = [BEGIN + timedelta(days=day) for day in (10, 0, 40)]
    assert between(begun) == Between(3, 20 * 86_400.0, 20 * 86_400.0)
    assert between([*begun, BEGIN + timedelta(days=100)]).median_seconds == 30 * 86_400


def test_one_failure_has_no_time_between() -> None:
    assert between([BEGIN]) == Between(1, None, None)
    assert between([]) == Between(0, None, None)


def test_a_day_is_as_bad_as_the_worst_that_was_open_on_it() -> None:
    day = date(2026, 3, 1)
    days = [day + timedelta(days=n) for n in range(4)]
    stretches = [Stretch(days[0], days[1], 3), Stretch(days[1], days[2], 1)]
    assert worst_by_day(stretches, days=days) == [3, 1, 1, None]
