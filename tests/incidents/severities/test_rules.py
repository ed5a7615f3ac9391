from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from incidents.severities import rules
from incidents.severities.rules import Ask, Criteria, Decision, Measure

TREE = [
    Ask(1, "Down or data at risk?", level_if_yes=0),
    Ask(2, "Major functionality degraded?", then_if_no=4),
    Ask(3, "Workaround?", level_if_yes=1, level_if_no=0),
    Ask(4, "Customers impacted?", level_if_yes=2, level_if_no=3),
]


@pytest.mark.parametrize(
    ("answers", "decision"),
    [
        ({1: True}, Decision(0, None, (1,))),
        ({1: False, 2: True, 3: True}, Decision(1, None, (1, 2, 3))),
        ({1: False, 2: True, 3: False}, Decision(0, None, (1, 2, 3))),
        ({1: False, 2: False, 4: True}, Decision(2, None, (1, 2, 4))),
        ({1: False, 2: False, 4: False}, Decision(3, None, (1, 2, 4))),
        ({}, Decision(None, 1, (1,))),
        ({1: False}, Decision(None, 2, (1, 2))),
        ({1: False, 2: True}, Decision(None, 3, (1, 2, 3))),
        ({1: False, 2: False, 3: True}, Decision(None, 4, (1, 2, 4))),
        ({1: True, 2: False, 4: False}, Decision(0, None, (1,))),
    ],
)
def test_the_questions_lead_to_a_level_and_ask_nothing_more(
    answers: dict[int, bool], decision: Decision
) -> None:
    assert rules.decide(TREE, answers) == decision


def test_questions_that_lead_nowhere_decide_nothing() -> None:
    assert rules.decide([], {}) == Decision(None, None, ())
    assert rules.decide([Ask(1)], {1: True}) == Decision(None, None, (1,))
    assert rules.decide([Ask(1, then_if_yes=9)], {1: True}) == Decision(None, None, (1,))
    circle = [Ask(1, then_if_yes=2), Ask(2, then_if_yes=1)]
    assert rules.decide(circle, {1: True, 2: True}) == Decision(None, None, (1, 2))


LEVELS = [
    Criteria(1, 1, percent=Decimal(50), above=True, data_lost=True),
    Criteria(2, 2, percent=Decimal(10), critical_down=True),
    Criteria(3, 3, percent=Decimal(0), above=True),
]


@pytest.mark.parametrize(
    ("measure", "level"),
    [
        (Measure(Decimal(51)), 1),
        (Measure(Decimal(50)), 2),
        (Measure(Decimal(10)), 2),
        (Measure(Decimal("9.9")), 3),
        (Measure(Decimal(1), data_lost=True), 1),
        (Measure(Decimal(1), critical_down=True), 2),
        (Measure(data_lost=True, critical_down=True), 1),
        (Measure(Decimal(0)), None),
        (Measure(), None),
    ],
)
def test_numbers_propose_the_worst_level_they_meet(measure: Measure, level: int | None) -> None:
    assert rules.propose(LEVELS, measure) == level
    assert rules.propose(list(reversed(LEVELS)), measure) == level


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("mon-fri 09:00-18:00", {0, 1, 2, 3, 4}, time(9), time(18)),
        ("Sun-Thu 08:30-17:00", {6, 0, 1, 2, 3}, time(8, 30), time(17)),
        ("mon-mon 00:00-24:00", {0}, time(0), time.max),
    ],
)
def test_business_hours_are_read(text: str, days: set[int], start: time, end: time) -> None:
    assert rules.parse_hours(text) == rules.Hours(frozenset(days), start, end)


@pytest.mark.parametrize(
    "text", ["", "mon-fri", "mon-fry 09:00-18:00", "mon-fri 18:00-09:00", "mon-fri 9-18"]
)
def test_business_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Business hours must"):
        rules.parse_hours(text)


HOURS = rules.parse_hours("mon-fri 09:00-18:00")


@pytest.mark.parametrize(
    ("at", "now"),
    [
        (datetime(2026, 11, 20, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 20, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 16, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 10, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 17, 7, 0, tzinfo=UTC), True),
    ],
)
def test_business_hours_are_those_of_the_zone(at: datetime, *, now: bool) -> None:
    assert rules.pages_now("business_hours", at=at, hours=HOURS, zone="Europe/Berlin") is now


@pytest.mark.parametrize(("paging", "now"), [("always", True), ("message", False), ("none", False)])
def test_other_rules_do_not_look_at_the_clock(paging: str, *, now: bool) -> None:
    night = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert rules.pages_now(paging, at=night, hours=HOURS, zone="UTC") is now


@pytest.mark.parametrize(
    ("ranks", "rank"), [([1, 2, 3, 4], 2), ([3, 1, 2], 2), ([1], 1), ([5, 2], 5), ([], None)]
)
def test_the_level_assumed_is_the_second_worst(ranks: list[int], rank: int | None) -> None:
    assert rules.default_rank(ranks) == rank


@pytest.mark.parametrize(
    ("count", "begin"),
    [(0, "0 levels"), (1, "1 level in"), (2, "2 levels"), (3, ""), (4, ""), (5, "5 levels")],
)
def test_a_scale_outside_three_to_four_levels_is_warned_about(count: int, begin: str) -> None:
    words = rules.scale_warning(count)
    assert words.startswith(begin)
    assert bool(words) == bool(begin)
