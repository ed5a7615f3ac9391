from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.tasks import rules
from incidents.tasks.rules import Fact, Known

AT = datetime(2026, 3, 2, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "facts"),
    [
        (Known(is_taken=False, missing_roles=["commander"], is_commanded=False, is_told=False), set()),
        (Known(is_taken=True, missing_roles=[], is_commanded=False, is_told=False), {Fact.TAKEN}),
        (Known(is_taken=False, missing_roles=["comms"], is_commanded=True, is_told=False), {Fact.TAKEN}),
        (Known(is_taken=False, missing_roles=[], is_commanded=True, is_told=False), {Fact.TAKEN, Fact.ROLES}),
        (Known(is_taken=False, missing_roles=[], is_commanded=False, is_told=True), {Fact.TOLD}),
    ],
)
def test_the_room_knows_what_is_done_without_a_press(known: Known, facts: set[Fact]) -> None:
    assert known.facts == {Fact.DECLARED, *facts}


def test_whoever_has_two_open_tasks_has_too_many() -> None:
    assert rules.overloaded([7, None, 8, 7, None, 9, 7, 8]) == {7: 3, 8: 2}
    assert rules.overloaded([7, 8, None, None]) == {}


@pytest.mark.parametrize(
    ("seconds", "sensible"), [(-1, False), (0, False), (1, True), (30 * 86400, True), (30 * 86400 + 1, False)]
)
def test_a_task_is_due_within_thirty_days(seconds: int, sensible: bool) -> None:  # noqa: FBT001
    assert rules.sensible_due(AT + timedelta(seconds=seconds), at=AT) is sensible


def test_what_is_dropped_counts_for_nothing() -> None:
    count = rules.count(["done", "open", "dropped", "done"])
    assert (count.done, count.all, count.is_done) == (2, 3, False)
    assert rules.count(["done", "dropped"]).is_done
