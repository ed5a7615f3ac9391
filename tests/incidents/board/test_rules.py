from __future__ import annotations

import pytest

from incidents.board import rules


@pytest.mark.parametrize(
    ("title", "stems"),
    [
        ("Checkout fails for some cards", {"check", "cards"}),
        ("Payments are slow", {"payme", "are", "slow"} - {"are", "slow"}),
        ("", set()),
        ("EU", set()),
        ("Zahlungen schlagen fehl", {"zahlu", "schla", "fehl"}),
    ],
)
def test_words_that_say_nothing_are_left_out(title: str, stems: set[str]) -> None:
    assert rules.stems(title) == stems


@pytest.mark.parametrize(
    ("typed", "known", "shares", "likely"),
    [
        ("Checkout failing", "Checkout fails for some cards", False, True),
        ("Cards are declined at checkout", "Checkout fails for some cards", False, True),
        ("Login is slow", "Checkout fails for some cards", False, False),
        ("Login is slow", "Checkout fails for some cards", True, True),
        ("slow errors", "errors, slow", False, False),
    ],
)
def test_what_may_be_the_same_has_words_or_a_service_in_common(
    typed: str, known: str, *, shares: bool, likely: bool
) -> None:
    found = rules.likeness(rules.stems(typed), known, shares_service=shares)
    assert (found >= rules.LIKELY) is likely


def test_few_words_are_searched_for_the_longest_first() -> None:
    assert rules.phrases(["b", "ccc", "aa", "dddd"], most=3) == ["dddd", "ccc", "aa"]
