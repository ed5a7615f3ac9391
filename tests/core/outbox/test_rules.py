from __future__ import annotations

import pytest

from core.outbox import rules


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 3), (3, 7), (4, 15), (5, 30), (6, 60), (7, 60), (500, 60)]
)
def test_each_failure_makes_the_wait_longer_up_to_a_minute(failures: int, seconds: float) -> None:
    assert rules.wait_seconds(failures) == seconds


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 12.0), (0.5, 15.0), (0.75, 16.5)])
def test_waits_are_spread_by_a_fifth_each_way(chance: float, seconds: float) -> None:
    assert rules.wait_seconds(4, chance=chance) == pytest.approx(seconds)


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 1), (0, 1), (30, 30), (100_000, 3600), (0.5, 1)])
def test_what_the_other_side_asks_for_is_obeyed_up_to_an_hour(
    retry_after: float | None, seconds: float
) -> None:
    assert rules.wait_seconds(1, retry_after=retry_after) == seconds


@pytest.mark.parametrize(
    ("failures", "waiting", "wanted"),
    [(1, 1.2, False), (1, 5.0, False), (1, 30.0, True), (2, 3.0, True), (9, 60.0, True)],
)
def test_the_next_channel_is_asked_after_two_failures_or_a_long_wait(
    failures: int, waiting: float, *, wanted: bool
) -> None:
    assert rules.wants_fallback(failures, waiting=waiting) is wanted
