from __future__ import annotations

from datetime import UTC, datetime

import pytest

from incidents.command import rules
from incidents.command.rules import Held, Trained

COMMANDER = Held(1, "commander", commands=True)
LEAD = Held(2, "tech-lead")


@pytest.mark.parametrize(
    ("held", "busy", "direct"),
    [
        ([COMMANDER, LEAD, Held(3, "communications")], [], [2, 3]),
        ([COMMANDER, LEAD, Held(3, "expert", "tech-lead"), Held(4, "expert", "tech-lead")], [], [2]),
        ([COMMANDER, Held(3, "expert", "tech-lead"), Held(4, "expert", "tech-lead")], [], [3, 4]),
        # Who has two roles reports where either of them does.
        ([COMMANDER, LEAD, Held(3, "expert", "tech-lead"), Held(3, "scribe")], [], [2, 3]),
        # Who leads themselves reports to the commander; so does who was only asked for something.
        ([COMMANDER, LEAD, Held(2, "expert", "tech-lead")], [5], [2, 5]),
        # A commander who leads the technical work as well is whom experts report to.
        ([COMMANDER, Held(1, "tech-lead"), Held(3, "expert", "tech-lead")], [1], [3]),
        ([LEAD, Held(3, "scribe")], [4], []),
    ],
)
def test_who_reports_to_the_commander(held: list[Held], busy: list[int], direct: list[int]) -> None:
    assert list(rules.structure(held, busy=busy, taking_part=[]).direct) == direct


def test_who_has_neither_role_nor_task_is_here_for_nothing() -> None:
    found = rules.structure([COMMANDER, LEAD], busy=[4], taking_part=[1, 2, 3, 4, 5, 5])
    assert list(found.loose) == [3, 5]


def test_whoever_has_not_commanded_for_longest_comes_first() -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 2, 11)]
    pool = [Trained(n, f"N{n}", day) for n, day in enumerate(days)]
    pool += [Trained(8, "Zoe", None), Trained(9, "Abe", None)]
    assert rules.turn(pool, without=()) == [9, 8, 1, 2, 0]
    assert rules.turn(pool, without={9, 1}) == [8, 2, 0]


def test_who_is_on_call_to_command_is_asked_before_whose_turn_it_is_and_who_is_busy_last() -> None:
    assert rules.next_to_ask([7], [3, 7, 5], without=(), busy=()) == [7, 3, 5]
    assert rules.next_to_ask([7], [3, 7, 5], without={3}, busy={7}) == [5, 7]
