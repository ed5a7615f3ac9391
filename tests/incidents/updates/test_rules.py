from __future__ import annotations

import pytest

from incidents.updates import rules
from incidents.wording import rules as wording

FACTS = {
    "title": "DB pool exhausted",
    "severity": "SEV1 Critical",
    "impact": "3 in 10 card payments fail",
    "commander": "Marta Okafor",
    "next_update": "14:45",
}


@pytest.mark.parametrize(
    ("text", "public", "filled"),
    [
        ("{severity}: {title}", False, "SEV1 Critical: DB pool exhausted"),
        ("Since {started}", False, "Since not known yet"),
        ("{impact} Next: {next_update}", True, "3 in 10 card payments fail. Next: 14:45"),
        ("Led by {commander}", True, "Led by"),
        ("{title}", True, ""),
        ("{nonsense} {title}", False, "{nonsense} DB pool exhausted"),
        ("no placeholders {", False, "no placeholders {"),
    ],
)
def test_a_template_is_filled_from_the_incident(text: str, filled: str, *, public: bool) -> None:
    assert rules.fill(text, FACTS, public=public) == filled


def test_internal_facts_never_stand_in_a_public_text_by_themselves() -> None:
    every = " ".join(f"{{{name}}}" for name in rules.PLACEHOLDERS)
    facts = {name: f"<{name}>" for name in rules.PLACEHOLDERS}
    filled = rules.fill(every, facts, public=True)
    assert [name for name in rules.PLACEHOLDERS if f"<{name}>" in filled] == [
        "started",
        "status",
        "impact",
        "next_update",
        "restored_by",
        "duration",
    ]


def test_a_fact_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert rules.fill("{title}", {"title": "{commander}", "commander": "x"}, public=False) == "{commander}"


def test_without_a_known_impact_the_public_text_stays_true() -> None:
    assert rules.fill("{impact} We look.", {}, public=True) == "Some of our customers are affected. We look."


@pytest.mark.parametrize(
    ("text", "public", "unknown"),
    [("{title} {impact}", False, []), ("{title} {impact}", True, ["title"]), ("{oops}", False, ["oops"])],
)
def test_placeholders_that_will_not_be_filled_are_named(
    text: str, unknown: list[str], *, public: bool
) -> None:
    assert rules.unknown_placeholders(text, public=public) == unknown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (45, "45 seconds"),
        (60, "1 minute"),
        (900, "15 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86400, "1 day"),
    ],
)
def test_a_span_is_said_as_people_say_it(seconds: int, words: str) -> None:
    assert rules.in_words(seconds) == words


@pytest.mark.parametrize(
    ("text", "status", "warned"),
    [
        ("About 9% of card payments are failing.", "identified", []),
        ("Database pool is full.", "identified", ["Begins with the system"]),
        ("Payments fail. The root cause is a deploy.", "identified", ["Says why it broke"]),
        ("Payments work. It is resolved.", "monitoring", ["Says it is over"]),
        ("Payments work. It is resolved.", "resolved", []),
        ("Payments will work again shortly.", "identified", ["Promises without a time"]),
        ("Priya is on it.", "identified", ["Names Priya"]),
        ("", "identified", []),
    ],
)
def test_a_public_text_is_looked_at_twice(text: str, status: str, warned: list[str]) -> None:
    found = wording.hints(text, audience="public", status=status, names=("Priya",))
    assert [any(words in line for line in found) for words in warned] == [True] * len(warned)
    assert len(found) == len(warned)
