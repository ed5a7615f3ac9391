from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.closing import rules
from incidents.closing.rules import Case, Point, Stability

T = datetime(2025, 11, 15, 14, 47, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


def lacking(
    stability: Stability,
    *,
    points: list[Point] | None = None,
    confirmed: set[str] | None = None,
    commander: str = "Alice",
    is_commander: bool = True,
    minutes: float = 40,
) -> list[str]:
    case = Case(
        T + timedelta(minutes=minutes), stability, points or [], confirmed or set(), commander, is_commander
    )
    return rules.lacking(
        case, words=lambda seconds: f"{int(seconds // 60)} min", clock=lambda at: f"{at:%H:%M}"
    )


@pytest.mark.parametrize(
    ("minutes", "met"), [(0, False), (29.99, False), (30, True), (30.01, True), (600, True)]
)
def test_stable_means_the_whole_window(minutes: float, met: bool) -> None:  # noqa: FBT001
    assert Stability(T, HALF_AN_HOUR).is_met(T + timedelta(minutes=minutes)) is met


def test_without_a_window_nothing_is_waited_for() -> None:
    assert Stability(None, None).is_met(T)
    assert lacking(Stability(None, None)) == []


def test_what_lacks_is_said_with_when_it_is_possible() -> None:
    assert lacking(Stability(T, HALF_AN_HOUR), minutes=15) == [
        "it has been stable for 15 min of 30 min, which is over at 15:17"
    ]
    assert lacking(Stability(None, HALF_AN_HOUR)) == [
        "nobody has said that it is mitigated, and it has to stay so for 30 min"
    ]
    assert "confirmed by monitoring" in lacking(Stability(None, HALF_AN_HOUR, by_monitoring=True))[0]


def test_each_criterion_is_confirmed_and_none_against_what_is_known() -> None:
    points = [Point("works", "It works"), Point("quiet", "No alert", "2 alerts are not resolved")]
    stable = Stability(T, HALF_AN_HOUR)
    assert lacking(stable, points=points) == [
        "not confirmed: “It works”, “No alert”",
        "2 alerts are not resolved",
    ]
    assert lacking(stable, points=points, confirmed={"works", "quiet"}) == ["2 alerts are not resolved"]


@pytest.mark.parametrize(
    ("commander", "is_commander", "words"),
    [
        ("Alice", True, []),
        ("Alice", False, ["Alice commands, and whoever commands says that it is over"]),
        ("", False, ["nobody commands, and whoever commands says that it is over"]),
    ],
)
def test_whoever_commands_says_that_it_is_over(
    commander: str,
    is_commander: bool,  # noqa: FBT001
    words: list[str],
) -> None:
    assert lacking(Stability(T, HALF_AN_HOUR), commander=commander, is_commander=is_commander) == words


@pytest.mark.parametrize(
    ("times", "words"),
    [(0, ""), (1, "called resolved once"), (2, "called resolved twice"), (3, "called resolved 3 times")],
)
def test_it_is_warned_about_from_the_second_time_on(times: int, words: str) -> None:
    assert words in rules.warning(times)
    assert bool(rules.warning(times)) is bool(words)
    assert ("Ask somebody else" in rules.warning(times)) is (times > 1)
