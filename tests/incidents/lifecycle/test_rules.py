from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.lifecycle import rules
from incidents.lifecycle.rules import Status

T = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return T + timedelta(minutes=count)


ALLOWED = {
    ("triage", "investigating"),
    ("triage", "identified"),
    ("triage", "mitigating"),
    ("triage", "monitoring"),
    ("triage", "resolved"),
    ("investigating", "identified"),
    ("investigating", "mitigating"),
    ("investigating", "monitoring"),
    ("investigating", "resolved"),
    ("identified", "investigating"),
    ("identified", "mitigating"),
    ("identified", "monitoring"),
    ("identified", "resolved"),
    ("mitigating", "investigating"),
    ("mitigating", "identified"),
    ("mitigating", "monitoring"),
    ("mitigating", "resolved"),
    ("monitoring", "investigating"),
    ("monitoring", "identified"),
    ("monitoring", "mitigating"),
    ("monitoring", "resolved"),
    ("resolved", "closed"),
    ("resolved", "investigating"),
    ("closed", "investigating"),
}


def test_every_pair_of_states_is_allowed_or_not_as_written_here() -> None:
    found = {(old.value, new.value) for old in Status for new in Status if rules.can_move(old, new)}
    assert found == ALLOWED


@pytest.mark.parametrize(
    ("old", "new", "cleared"),
    [
        ("investigating", "identified", ()),
        ("mitigating", "monitoring", ()),
        ("monitoring", "mitigating", ("mitigated_at",)),
        ("monitoring", "investigating", ("mitigated_at",)),
        ("monitoring", "resolved", ()),
        ("resolved", "closed", ()),
        ("resolved", "investigating", ("mitigated_at", "resolved_at", "closed_at")),
        ("closed", "investigating", ("mitigated_at", "resolved_at", "closed_at")),
    ],
)
def test_a_step_back_takes_away_the_times_that_did_not_hold(
    old: str, new: str, cleared: tuple[str, ...]
) -> None:
    assert rules.clears(Status(old), Status(new)) == cleared


@pytest.mark.parametrize(
    ("now", "told", "along"),
    [
        ("investigating", "identified", True),
        ("investigating", "resolved", True),
        ("mitigating", "identified", False),
        ("mitigating", "mitigating", False),
        ("monitoring", "investigating", False),
        ("resolved", "investigating", False),
        ("investigating", "closed", False),
        ("closed", "resolved", False),
    ],
)
def test_an_update_moves_an_incident_forward_only(now: str, told: str, *, along: bool) -> None:
    assert rules.goes_along(Status(now), Status(told)) is along


@pytest.mark.parametrize(
    ("every", "explicit", "due"),
    [
        (1800, None, minutes(30)),
        (1800, 900, minutes(15)),
        (900, 3600, minutes(60)),
        (None, 900, minutes(15)),
        (None, None, None),
    ],
)
def test_a_span_given_explicitly_wins_over_the_rhythm(
    every: int | None, explicit: int | None, due: datetime | None
) -> None:
    assert rules.next_due(at=T, every=every, explicit=explicit) == due


@pytest.mark.parametrize(
    ("due", "every", "new"),
    [
        (minutes(20), 900, minutes(15)),
        (minutes(10), 900, minutes(10)),
        (minutes(-3), 900, minutes(-3)),
        (minutes(10), None, minutes(10)),
        (None, 900, minutes(15)),
        (None, None, None),
    ],
)
def test_another_level_brings_an_update_forward_and_never_puts_it_off(
    due: datetime | None, every: int | None, new: datetime | None
) -> None:
    assert rules.due_after_level_change(at=T, due=due, every=every) == new


@pytest.mark.parametrize(
    ("due", "reminder"),
    [
        (minutes(15), minutes(12)),
        (minutes(30), minutes(24)),
        (minutes(120), minutes(96)),
        (minutes(10), minutes(8)),
        (minutes(5), minutes(3)),
        (minutes(2), None),
        (minutes(1), None),
    ],
)
def test_the_reminder_comes_in_the_last_fifth_and_at_least_two_minutes_before(
    due: datetime, reminder: datetime | None
) -> None:
    assert rules.reminder_at(at=T, due=due) == reminder


@pytest.mark.parametrize(
    ("times", "sentences"),
    [
        ({"started_at": T, "declared_at": minutes(6)}, []),
        ({"started_at": minutes(6), "declared_at": T}, []),
        (
            {"started_at": minutes(6), "mitigated_at": T},
            ["“Mitigated” cannot be before “Impact began”."],
        ),
        (
            {"declared_at": minutes(9), "mitigated_at": minutes(20), "resolved_at": minutes(5)},
            ["“Resolved” cannot be before “Declared”.", "“Resolved” cannot be before “Mitigated”."],
        ),
        ({"resolved_at": T, "closed_at": T}, []),
        ({"resolved_at": T, "closed_at": None}, []),
    ],
)
def test_times_that_cannot_both_be_right_are_named(
    times: dict[str, datetime | None], sentences: list[str]
) -> None:
    assert rules.disorder(times) == sentences


def test_roles_that_are_asked_for_and_not_taken_are_gaps() -> None:
    wanted = ["commander", "tech-lead", "communications", "scribe"]
    assert rules.missing_roles(wanted, ["commander", "scribe"]) == ["tech-lead", "communications"]
    assert rules.missing_roles([], ["commander"]) == []


@pytest.mark.parametrize(
    ("holders", "twice"),
    [
        ({"commander": [1], "tech-lead": [1]}, True),
        ({"commander": [1], "tech-lead": [2]}, False),
        ({"commander": [1]}, False),
    ],
)
def test_command_and_technical_lead_in_one_person_are_seen(
    holders: dict[str, list[int]], *, twice: bool
) -> None:
    assert rules.same_person_twice(holders) is twice


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("INC-12", 12),
        ("inc-12", 12),
        ("12", 12),
        (" INC-7 ", 7),
        ("INC-0", None),
        ("INC-012", None),
        ("0", None),
        ("INC-", None),
        ("INC-1x", None),
        ("-12", None),
        ("", None),
        ("INC-9999999999", None),
    ],
)
def test_a_reference_is_read_with_and_without_its_prefix(text: str, number: int | None) -> None:
    assert rules.parse_ref(text) == number


def test_a_briefing_says_what_is_unknown() -> None:
    facts = rules.Facts(
        title="Checkout fails",
        severity="SEV1 Critical",
        stage="mitigating",
        impact="3 in 10 card payments fail",
        hypothesis="",
        next_decision="03:30 fail over or not",
        decisions=["Roll back v2.3.4"],
        tasks=["Confirm no double charges (Noah)"],
        roles=[("Tech lead", "Priya")],
        next_update="03:45",
    )
    assert rules.in_lines(rules.briefing(facts)).splitlines() == [
        "SEV1 Critical, mitigating: Checkout fails",
        "Customers see: 3 in 10 card payments fail",
        "We think: no hypothesis yet",
        "Next decision: 03:30 fail over or not",
        "Next update: 03:45",
        "Tech lead: Priya",
        "Decided: Roll back v2.3.4",
        "Open task: Confirm no double charges (Noah)",
    ]
