from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oncall.phone import rules
from oncall.phone.rules import Facts, State

NOW = datetime(2026, 11, 21, 2, 44, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (Facts(status="escalating", person_id=1), State.WAITING),
        (Facts(status="escalating", person_id=1, is_open=False), State.PASSED),
        (Facts(status="exhausted", person_id=1), State.EXHAUSTED),
        (Facts(status="acknowledged", person_id=1, holder_id=1), State.MINE),
        (Facts(status="acknowledged", person_id=1, holder_id=2), State.TAKEN),
        (Facts(status="acknowledged", person_id=1), State.TAKEN),
        (Facts(status="snoozed", person_id=1), State.SNOOZED),
        (Facts(status="closed", person_id=1, holder_id=1), State.OVER),
        (Facts(status="", person_id=1), State.TEST),
        (Facts(status="", person_id=1, is_acknowledged=True), State.TESTED),
    ],
)
def test_what_a_page_is(facts: Facts, state: State) -> None:
    assert rules.state(facts) is state


@pytest.mark.parametrize(("ago", "left"), [(0, 60), (59, 1), (60, None), (3600, None)])
def test_an_acknowledgement_can_be_taken_back_for_a_minute(ago: int, left: int | None) -> None:
    facts = Facts(
        status="acknowledged", person_id=1, holder_id=1, acknowledged_at=NOW - timedelta(seconds=ago)
    )
    until = rules.undo_until(facts, now=NOW)
    assert until == (None if left is None else NOW + timedelta(seconds=left))


def test_only_who_has_it_can_take_it_back() -> None:
    assert (
        rules.undo_until(Facts(status="acknowledged", person_id=1, holder_id=2, acknowledged_at=NOW), now=NOW)
        is None
    )


def test_an_address_shows_nothing_long_after_it_ended() -> None:
    found = [
        rules.is_gone(Facts(status=status, person_id=1, ended_at=NOW - timedelta(days=days)), now=NOW)
        for status, days in (("closed", 31), ("closed", 29), ("acknowledged", 400))
    ]
    assert found == [True, False, False]
