from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from incidents.nudges import rules
from incidents.nudges.rules import Facts, Kind, Rule

BEGAN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
HALF_HOUR = Rule(timedelta(minutes=30), timedelta(minutes=30))
QUIET = Facts(
    declared_at=BEGAN,
    is_over=False,
    mitigated_at=None,
    uncommanded_since=None,
    no_word_since=None,
    commander_spoke_at=None,
    progress_at=None,
    working={},
)


def at(clock: str) -> datetime:
    hour, minute = clock.split(":")
    return BEGAN.replace(hour=int(hour), minute=int(minute))


def test_without_a_word_progress_is_asked_for_from_the_declaration_on() -> None:
    assert rules.since(Kind.NO_PROGRESS, QUIET) == BEGAN
    assert rules.since(Kind.NO_PROGRESS, replace(QUIET, progress_at=at("14:50"))) == at("14:50")


@pytest.mark.parametrize("kind", [Kind.NO_PROGRESS, Kind.SILENT, Kind.NO_WORD])
def test_what_presses_stops_once_the_impact_has_ended(kind: Kind) -> None:
    facts = replace(QUIET, commander_spoke_at=BEGAN, no_word_since=BEGAN)
    assert rules.since(kind, facts) == BEGAN
    assert rules.since(kind, replace(facts, mitigated_at=at("15:00"))) is None


@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_said_once_it_is_over(kind: Kind) -> None:
    facts = replace(
        QUIET,
        is_over=True,
        mitigated_at=BEGAN,
        uncommanded_since=BEGAN,
        no_word_since=BEGAN,
        commander_spoke_at=BEGAN,
        working={1: BEGAN},
    )
    assert rules.since(kind, facts) is None


def test_what_looks_after_people_lasts_until_the_end() -> None:
    facts = replace(
        QUIET, mitigated_at=at("15:00"), uncommanded_since=at("14:40"), working={1: at("14:35"), 2: BEGAN}
    )
    assert rules.since(Kind.NO_COMMANDER, facts) == at("14:40")
    assert rules.since(Kind.NO_BREAK, facts) == BEGAN
    assert rules.since(Kind.STABLE, replace(facts, stable_since=at("15:00"))) == at("15:00")
    assert rules.since(Kind.STABLE, facts) is None


def test_it_comes_again_only_where_that_is_configured() -> None:
    assert rules.due(HALF_HOUR, BEGAN, last=None) == at("15:00")
    assert rules.due(HALF_HOUR, BEGAN, last=at("15:00")) == at("15:30")
    assert rules.due(Rule(timedelta(minutes=10), None), BEGAN, last=at("14:40")) is None


def test_who_was_away_hears_the_last_of_several_alone() -> None:
    assert rules.latest(HALF_HOUR, at("15:00"), at=at("15:00")) == at("15:00")
    assert rules.latest(HALF_HOUR, at("15:00"), at=at("16:44")) == at("16:30")
    once = Rule(timedelta(minutes=10), None)
    assert rules.latest(once, at("14:40"), at=at("16:44")) == at("14:40")


def test_the_tired_are_those_at_it_longest_first() -> None:
    four_hours = Rule(timedelta(hours=4), None)
    working = {7: at("11:00"), 8: at("14:00"), 9: at("10:59"), 10: at("10:59")}
    assert rules.tired(working, four_hours, at=at("15:00")) == [9, 10, 7]
    assert rules.tired({7: at("11:00")}, four_hours, at=at("14:59")) == []
