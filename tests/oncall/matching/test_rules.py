from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from oncall.matching.rules import (
    Branch,
    Condition,
    Facts,
    Hours,
    WorkingHours,
    branch_from_json,
    branch_to_json,
    is_out_of_hours,
    judge,
    labels_of,
)

OFFICE = WorkingHours(frozenset(range(5)), time(9), time(17), "Europe/Berlin")
SATURDAY = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
CRITICAL = (Condition("severity", "equals", "critical"),)
LOW = Facts(urgency="low", severity="warning", labels={"team": "payments"})
HIGH = Facts(urgency="high", severity="critical")


@pytest.mark.parametrize(
    ("branch", "facts", "at", "why"),
    [
        (None, LOW, SATURDAY, ""),
        (Branch("low"), LOW, SATURDAY, ""),
        (Branch("low"), HIGH, SATURDAY, "It is for low urgency only"),
        (Branch("", CRITICAL), HIGH, SATURDAY, ""),
        (
            Branch("", CRITICAL),
            LOW,
            SATURDAY,
            "It is asked when severity is critical, and severity is warning",
        ),
        (
            Branch("", (Condition("tier", "exists"),)),
            LOW,
            SATURDAY,
            "It is asked when tier is there, and tier is not there",
        ),
        (Branch("", (Condition("team", "matches", "pay.*"),)), LOW, SATURDAY, ""),
        (Branch(hours=OFFICE), LOW, MONDAY, ""),
        (
            Branch(hours=OFFICE),
            HIGH,
            SATURDAY,
            "It is asked only Monday to Friday 09:00 to 17:00 (Europe/Berlin)",
        ),
        (Branch(hours=OFFICE, how=Hours.OUTSIDE), HIGH, EVENING, ""),
        (
            Branch(hours=OFFICE, how=Hours.OUTSIDE),
            LOW,
            MONDAY,
            "It is not asked Monday to Friday 09:00 to 17:00 (Europe/Berlin)",
        ),
        (
            Branch(hours=OFFICE, how=Hours.WAIT),
            LOW,
            SATURDAY,
            "Low urgency waits for working hours until Monday 09:00 CET",
        ),
        (Branch(hours=OFFICE, how=Hours.WAIT), HIGH, SATURDAY, ""),
    ],
)
def test_a_branch_says_whether_and_why(branch: Branch | None, facts: Facts, at: datetime, why: str) -> None:
    verdict = judge(branch, facts, at=at)
    assert (verdict.taken, verdict.why) == (not why, why)


def test_low_urgency_waits_until_the_next_working_day_begins_across_a_change_of_clocks() -> None:
    branch = Branch(hours=OFFICE, how=Hours.WAIT)
    assert judge(branch, LOW, at=EVENING).until == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    friday = datetime(2026, 10, 23, 15, 0, tzinfo=UTC)
    assert judge(branch, LOW, at=friday).until == datetime(2026, 10, 26, 8, 0, tzinfo=UTC)


def test_a_branch_is_kept_as_it_was_given() -> None:
    for branch in (Branch("low", CRITICAL, OFFICE, Hours.WAIT), Branch("high"), Branch(hours=OFFICE)):
        assert branch_from_json(branch_to_json(branch)) == branch
    assert branch_from_json(None) is None
    assert branch_from_json({"urgency": "", "match": [], "hours": None}) is None
    said = Branch("low", CRITICAL, OFFICE, Hours.WAIT).said
    assert said == (
        "for low urgency, when severity is critical, low urgency waits for Monday to Friday 09:00 to 17:00 (Europe/Berlin)"
    )


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"weekdays": []}, "at least one weekday"),
        ({"weekdays": ["someday"]}, "Give weekdays"),
        ({"from": "17:00", "to": "09:00"}, "end later"),
        ({"from": "late"}, "as 09:00"),
        ({"zone": "../../etc/passwd"}, "time zone"),
        ({"zone": ""}, "time zone"),
        ({"how": "sometimes"}, "sometimes"),
    ],
)
def test_what_is_no_branch_is_refused(changed: dict[str, object], says: str) -> None:
    hours = {"weekdays": ["monday"], "from": "09:00", "to": "17:00", "zone": "UTC", "how": "in"} | changed
    with pytest.raises(ValueError, match=says):
        branch_from_json({"hours": hours})


def test_an_instant_is_in_or_out_of_working_hours_by_a_persons_own_clocks() -> None:
    assert not is_out_of_hours(MONDAY, zone="Europe/Berlin")
    assert is_out_of_hours(MONDAY, zone="America/New_York")
    assert is_out_of_hours(SATURDAY, zone="Europe/Berlin")
    assert is_out_of_hours(EVENING, zone="Europe/Berlin")
    assert not is_out_of_hours(EVENING, zone="no zone")


def test_labels_are_read_one_on_each_line() -> None:
    assert labels_of('team = payments\n\nseverity: "critical"') == {
        "team": "payments",
        "severity": "critical",
    }
    with pytest.raises(ValueError, match="Line 1 is no label"):
        labels_of("nothing")
