from datetime import UTC, datetime, timedelta

import pytest

from postmortems.reports import rules
from postmortems.reports.rules import Section

START = datetime(2026, 3, 8, 1, 59, tzinfo=UTC)


def document(**changes: object) -> rules.Document:
    fields: dict[str, object] = {
        "number": "INC-12",
        "title": "Checkout | failing",
        "severity": "SEV1 Critical",
        "status": "Draft",
        "started_at": START,
        "resolved_at": START + timedelta(minutes=125),
        "sections": {Section.SUMMARY: "Cards failed.", Section.LESSONS: "Watch the pool."},
        "timeline": [rules.Line(START, "Alert fired\nfor all | cards")],
        "factors": [("Process", "Config changes skip load tests")],
        "actions": [rules.Action("Alert at 80%", "Detects", "Bob", "2026-03-20", "Open")],
    }
    return rules.Document(**{**fields, **changes})  # type: ignore[arg-type]


def test_it_is_due_so_many_hours_after_the_incident_was_resolved() -> None:
    assert rules.due_at(START, hours=48) == datetime(2026, 3, 10, 1, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 min"), (59, "0 min"), (48 * 60, "48 min"), (7500, "2 h 05 min"), (97200, "1 d 3 h")],
)
def test_durations_read_like_words(seconds: int, words: str) -> None:
    assert rules.duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Tomás forgot to watch the ratio", "forgot"),
        ("This was human error.", "human error"),
        ("She should have checked", "should have"),
        ("We must be more careful", "be more careful"),
        ("Who approved this?", "Who approved"),
    ],
)
def test_a_phrase_that_blames_gets_a_question_about_the_system(text: str, phrase: str) -> None:
    (hint,) = rules.hints({Section.WENT_BADLY: text})
    assert (hint.section, hint.phrase) == ("went_badly", phrase)
    assert hint.question.endswith("?")


@pytest.mark.parametrize(
    "text", ["", "The cache was unforgettable", "The check could fail", "The deploy took 4 min"]
)
def test_plain_sentences_get_no_hint(text: str) -> None:
    assert rules.hints({Section.SUMMARY: text}) == []


def test_publishing_needs_summary_impact_what_went_well_and_a_factor() -> None:
    assert rules.lacking({}, factors=0) == ["Summary", "Impact", "What went well", "Contributing factors"]
    written = {Section.SUMMARY: "a", Section.IMPACT: "b", Section.WENT_WELL: " \n"}
    assert rules.lacking(written, factors=1) == ["What went well"]
    assert rules.lacking(written | {Section.WENT_WELL: "c"}, factors=2) == []


def test_the_export_holds_everything_and_cannot_be_broken_by_its_words() -> None:
    text = rules.markdown(document())
    assert text.startswith("# INC-12: Checkout | failing\n\n- Severity: SEV1 Critical\n- Status: Draft\n")
    assert "- From 2026-03-08 01:59 to 2026-03-08 04:04 UTC (2 h 05 min)" in text
    assert "## Impact\n\n_Not written yet._" in text
    assert "| 2026-03-08 01:59:00 | Alert fired for all \\| cards |" in text
    assert "- **Process**: Config changes skip load tests" in text
    assert "| Alert at 80% | Detects | Bob | 2026-03-20 | Open |" in text
    assert text.index("## Timeline") < text.index("## Contributing factors") < text.index("## Lessons")


def test_the_export_of_an_empty_draft_says_so() -> None:
    text = rules.markdown(document(timeline=[], factors=[], actions=[], sections={}, resolved_at=None))
    assert text.count("_None._") == 2
    assert "From " not in text
    assert "## Contributing factors" not in text
