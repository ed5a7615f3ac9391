"""J11: the tree of questions that leads to a level (002 L61-71), and the numbers that do (004 L294-297)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from incidents.severities import operations as severities
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stories.replay import Replay

pytestmark = pytest.mark.django_db

DOWN, DEGRADED, WORKAROUND, AFFECTED = "1", "2", "3", "4"
PATHS = {
    "down or data at risk": ({DOWN: True}, "sev0"),
    "degraded, with a workaround": ({DOWN: False, DEGRADED: True, WORKAROUND: True}, "sev1"),
    "degraded, without a workaround": ({DOWN: False, DEGRADED: True, WORKAROUND: False}, "sev0"),
    "not degraded, customers are impacted": ({DOWN: False, DEGRADED: False, AFFECTED: True}, "sev2"),
    "not degraded, nobody is impacted": ({DOWN: False, DEGRADED: False, AFFECTED: False}, "sev3"),
}
EXAMPLES = {
    "the API is completely down": ({DOWN: True}, "sev0"),
    "a critical feature is unavailable, 15 % of requests fail": (
        {DOWN: False, DEGRADED: True, WORKAROUND: True},
        "sev1",
    ),
    "a glitch in the interface": ({DOWN: False, DEGRADED: False, AFFECTED: True}, "sev2"),
    "an error in the documentation": ({DOWN: False, DEGRADED: False, AFFECTED: False}, "sev3"),
}
NUMBERS: dict[str, tuple[dict[str, Any], str]] = {
    "51 %": ({"affected_percent": "51"}, "SEV1"),
    "50 %": ({"affected_percent": "50"}, "SEV2"),
    "10 %": ({"affected_percent": "10"}, "SEV2"),
    "9.9 %": ({"affected_percent": "9.9"}, "SEV3"),
    "1 % and data is lost": ({"affected_percent": "1", "data_lost": True}, "SEV1"),
    "1 % and a critical feature is down": ({"affected_percent": "1", "critical_down": True}, "SEV2"),
}
"""The three levels of 004 are called SEV-1 to SEV-3, which the scale in force knows as names of its first three."""


def asked(replay: Replay) -> dict[str, Any]:
    """What each way through the questions leads to, and what is asked on it."""
    severities.install_preset("sev0")
    alice = cast.alice()

    def outlook(**told: Any) -> Any:
        return replay.post(alice, "incidents/outlook/", title="It is broken", **told)

    ways = {**PATHS, **EXAMPLES}
    found = {name: outlook(answers=answers) for name, (answers, _) in ways.items()}
    found["all at once"] = outlook(answers={DOWN: True, DEGRADED: False, AFFECTED: False})
    found["half way"] = outlook(answers={DOWN: False, DEGRADED: True})
    return found


def counted(replay: Replay) -> dict[str, str]:
    """What numbers lead to."""
    alice = cast.alice()
    cast.severity("SEV1")
    return {
        name: replay.post(alice, "incidents/outlook/", title="It is broken", **told)["severity"]
        for name, (told, _) in NUMBERS.items()
    }


@pytest.fixture(scope="module")
def tree(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 15), "14:00", asked)


@pytest.fixture(scope="module")
def numbers(play: Callable[..., Any]) -> Any:
    return play(date(2025, 11, 15), "14:00", counted)


@pytest.mark.parametrize("way", PATHS)
def test_j11_a_each_of_the_five_ways_leads_to_its_level(tree: Any, way: str) -> None:
    assert (tree[way]["severity"], tree[way]["by_questions"]) == (PATHS[way][1], True)


def test_j11_b_what_is_not_on_the_way_is_not_asked(tree: Any) -> None:
    assert (tree["all at once"]["severity"], tree["all at once"]["next_question"]) == ("sev0", None)
    assert tree["half way"]["next_question"]["text"] == "Is there a workaround that customers can use?"
    assert not tree["half way"]["by_questions"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_j11_c_the_examples_lead_to_their_levels(tree: Any, example: str) -> None:
    assert tree[example]["severity"] == EXAMPLES[example][1]


@pytest.mark.parametrize("number", NUMBERS)
def test_j11_d_the_numbers_lead_to_their_levels(numbers: Any, number: str) -> None:
    assert numbers[number] == NUMBERS[number][1].lower()
