from __future__ import annotations

import pytest

from incidents.wording import rules
from incidents.wording.rules import Layout


def test_the_fields_of_a_layout_become_one_text_in_their_order() -> None:
    fields = {
        "detail": "WAL is full",
        "doing": " Rolling back ",
        "impact": "3 in 10 cards fail",
        "business": "",
    }
    assert rules.compose(Layout.IMPACT, fields) == (
        "Impact: 3 in 10 cards fail\nWhat is being done: Rolling back\nTechnical detail: WAL is full"
    )
    sbar = {"recommendation": "Fail over", "situation": "Cards fail"}
    assert rules.compose(Layout.SBAR, sbar) == "Situation: Cards fail\nRecommendation: Fail over"
    assert rules.compose(Layout.PLAIN, {}) == ""


@pytest.mark.parametrize(
    ("layout", "fields", "text"),
    [
        ("impact", {"impact": "Cards fail", "detail": "WAL is full"}, "Impact: Cards fail"),
        ("sbar", {"situation": "Cards fail"}, "Situation: Cards fail"),
        ("plain", {}, "as it was written"),
        ("gone", {"impact": "x"}, "as it was written"),
    ],
)
def test_technical_detail_stays_with_those_who_repair(layout: str, fields: dict[str, str], text: str) -> None:
    assert rules.calm(layout, fields, "as it was written") == text


def test_impact_comes_first_or_nothing_is_said() -> None:
    assert rules.missing(Layout.IMPACT, {"doing": "Rolling back", "impact": " "}) == ["impact"]
    assert rules.missing(Layout.SBAR, {"situation": "Cards fail"}) == []
    assert rules.PARTS[Layout.IMPACT][0].name == "impact"


@pytest.mark.parametrize(
    ("text", "audience", "hinted"),
    [
        ("About 9% of card payments are failing.", "public", []),
        ("Cards fail. It will be back by 15:00 UTC.", "public", ["repair (“back by 15:00 UTC”)"]),
        ("Cards fail. Everything is back within an hour.", "internal", ["Promises a time for the repair"]),
        ("Cards fail. We write again by 15:00.", "public", []),
        ("Cards fail because somebody forgot to renew it.", "internal", ["Gives blame (“forgot to”)"]),
        ("Cards fail: the connection pool of a pod, p99 is high.", "public", ["connection pool, pod, p99"]),
        ("Cards fail: the connection pool of a pod, p99 is high.", "internal", []),
        ("Cards fail. " + "word " * 89, "public", ["Has 91 words"]),
        ("Cards fail. " + "word " * 88, "public", []),
        ("The database is slow.", "internal", ["Begin with what people experience"]),
    ],
)
def test_hints_name_what_to_look_at_twice(text: str, audience: str, hinted: list[str]) -> None:
    found = rules.hints(text, audience=audience, status="investigating")
    assert len(found) == len(hinted), found
    assert all(words in line for words, line in zip(hinted, found, strict=True))
