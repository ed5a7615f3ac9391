from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incidents.owed import rules
from incidents.owed.rules import Facts, Kind, Rule

AT = datetime(2025, 11, 28, 9, 16, tzinfo=UTC)
RULE = Rule(timedelta(minutes=15), timedelta(minutes=5), timedelta(minutes=15))
DUE = AT + RULE.within


def minutes(number: float) -> datetime:
    return AT + timedelta(minutes=number)


def facts(*levels: tuple[float, int], **given: Any) -> Facts:
    said = {"stays_inside": False, "over": "", "resolved_at": None, "reached": [Kind.PUBLIC], **given}
    return Facts(levels=[(minutes(at), rank) for at, rank in levels], **said)


def test_the_time_counts_from_the_declaration() -> None:
    assert rules.since(Kind.PUBLIC, facts((0, 1)), asking={1, 2}) == AT


def test_it_goes_on_counting_when_the_level_changes_among_those_that_ask() -> None:
    assert rules.since(Kind.PUBLIC, facts((0, 2), (7, 1)), asking={1, 2}) == AT


def test_raised_later_it_counts_from_then() -> None:
    assert rules.since(Kind.PUBLIC, facts((0, 3), (40, 1)), asking={1, 2}) == minutes(40)


def test_what_happened_is_told_from_the_end_and_not_asked_for_before() -> None:
    reached = [Kind.ACCOUNT]
    over = facts((0, 1), resolved_at=minutes(14), reached=reached)
    assert rules.since(Kind.ACCOUNT, over, asking={1}) == minutes(14)
    goes_on = facts((0, 1), reached=reached)
    assert rules.not_asked(Kind.ACCOUNT, goes_on, asking={1}) == "it goes on"


def test_lowered_and_raised_again_it_counts_from_the_second_time() -> None:
    assert rules.since(Kind.PUBLIC, facts((0, 1), (5, 3), (9, 2)), asking={1, 2}) == minutes(9)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"stays_inside": True}, "it stays inside"),
        ({"over": "it was a false alarm"}, "it was a false alarm"),
        ({"reached": []}, "there is nobody to tell"),
    ],
)
def test_nothing_is_owed_where_nobody_outside_may_or_can_hear(given: dict[str, Any], why: str) -> None:
    found = facts((0, 1), **given)
    assert rules.since(Kind.PUBLIC, found, asking={1}) is None
    assert rules.not_asked(Kind.PUBLIC, found, asking={1}) == why


def test_nothing_is_owed_at_a_level_that_does_not_ask() -> None:
    found = facts((0, 1), (3, 3))
    assert rules.since(Kind.PUBLIC, found, asking={1}) is None
    assert rules.not_asked(Kind.PUBLIC, found, asking={1}) == "its level does not ask for it"


def test_somebody_is_reminded_before_at_the_time_and_twice_after_it() -> None:
    said: list[datetime] = []
    while (
        moment := rules.next_reminder(RULE, since=AT, due=DUE, last=said[-1] if said else None)
    ) is not None:
        said.append(moment)
    assert said == [minutes(10), minutes(15), minutes(30), minutes(45)]


def test_who_was_away_is_reminded_once() -> None:
    assert rules.latest(RULE, since=AT, due=DUE, at=minutes(33)) == minutes(30)


def test_before_there_was_time_nobody_is_reminded_early() -> None:
    short = Rule(timedelta(minutes=5), timedelta(minutes=5), None)
    assert rules.next_reminder(short, since=AT, due=minutes(5), last=None) == minutes(5)
    assert rules.next_reminder(short, since=AT, due=minutes(5), last=minutes(5)) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-900, "15 min left"),
        (0, "now"),
        (60, "1 min late"),
        (3 * 3600, "3 hours late"),
        (-3 * 86400, "3 days left"),
    ],
)
def test_what_is_left_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert rules.late(seconds) == words
