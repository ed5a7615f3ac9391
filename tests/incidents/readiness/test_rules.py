from __future__ import annotations

from typing import Any

import pytest

from incidents.readiness.rules import Fact, Item, asked_of, is_met


def test_less_is_asked_of_business_services_and_of_what_is_being_replaced() -> None:
    assert asked_of(is_business=False, is_being_replaced=False) == tuple(Item)
    assert asked_of(is_business=True, is_being_replaced=False) == (Item.OWNER, Item.DEPENDENCIES)
    assert asked_of(is_business=False, is_being_replaced=True) == (Item.OWNER,)
    assert asked_of(is_business=True, is_being_replaced=True) == (Item.OWNER,)


@pytest.mark.parametrize(
    ("there", "outcome", "met"),
    [
        (True, None, True),
        (False, None, False),
        (False, "yes", False),
        (False, "not_needed", True),
        (True, "no", True),
        (None, None, False),
        (None, "no", False),
        (None, "yes", True),
        (None, "not_needed", True),
    ],
)
def test_a_fact_is_there_or_not_needed_and_a_question_is_answered(
    there: Any, outcome: str | None, met: Any
) -> None:
    fact = None if there is None else Fact(there, "")
    assert is_met(fact, outcome) is met
