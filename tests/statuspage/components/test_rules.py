from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from statuspage.components.rules import Span, State, history, indicator, worst

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
LONG_AGO = NOW - timedelta(days=400)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], ("none", "All Systems Operational")),
        ([State.OPERATIONAL, State.MAINTENANCE], ("maintenance", "Service Under Maintenance")),
        ([State.MAINTENANCE, State.DEGRADED], ("minor", "Partially Degraded Service")),
        ([State.PARTIAL, State.OPERATIONAL], ("major", "Partial System Outage")),
        ([State.PARTIAL, State.MAJOR], ("critical", "Major Service Outage")),
    ],
)
def test_the_indicator_is_that_of_the_worst_component(states: list[State], expected: tuple[str, str]) -> None:
    assert indicator(states) == expected


def test_the_worst_of_nothing_is_operational() -> None:
    assert worst([]) is State.OPERATIONAL


def test_a_day_shows_its_worst_state_and_days_before_the_start_show_none() -> None:
    spans = [
        Span(State.DEGRADED, datetime(2026, 11, 19, 23, tzinfo=UTC), datetime(2026, 11, 20, 1, tzinfo=UTC)),
        Span(State.MAJOR, datetime(2026, 11, 20, 5, tzinfo=UTC), datetime(2026, 11, 20, 6, tzinfo=UTC)),
    ]
    past = history(spans, since=datetime(2026, 11, 19, 12, tzinfo=UTC), now=NOW, days=4, zone=ZONE)
    assert [(day.on, day.state) for day in past.days] == [
        (date(2026, 11, 18), None),
        (date(2026, 11, 19), State.DEGRADED),
        (date(2026, 11, 20), State.MAJOR),
        (date(2026, 11, 21), State.OPERATIONAL),
    ]
    assert past.uptime == pytest.approx(100 * (1 - 1 / 48))


def test_an_open_stretch_counts_until_now_and_a_partial_outage_counts_in_part() -> None:
    spans = [Span(State.PARTIAL, NOW - timedelta(hours=6), None)]
    past = history(spans, since=LONG_AGO, now=NOW, days=1, zone=ZONE)
    assert past.uptime == pytest.approx(100 * (1 - 0.3 * 6 / 12))
    assert past.days[-1].state is State.PARTIAL


def test_days_are_those_of_the_pages_zone() -> None:
    late = Span(
        State.MAJOR, datetime(2026, 11, 20, 23, 30, tzinfo=UTC), datetime(2026, 11, 20, 23, 40, tzinfo=UTC)
    )
    past = history([late], since=LONG_AGO, now=NOW, days=2, zone=ZoneInfo("Europe/Berlin"))
    assert [day.state for day in past.days] == [State.OPERATIONAL, State.MAJOR]


def test_a_component_without_a_past_has_no_percentage() -> None:
    assert history([], since=NOW, now=NOW, days=1, zone=ZONE).uptime is None
