from __future__ import annotations

from datetime import timedelta

import pytest

from core.events.models import Event
from incidents.lifecycle import operations
from incidents.lifecycle.operations.levels import NotYours
from tests import cast
from tests.incidents.clock import now, pass_time

pytestmark = pytest.mark.django_db


def test_raising_the_level_brings_the_next_update_forward() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    before = incident.next_update_due_at
    incident = operations.change_severity(
        incident, severity=cast.severity("SEV1"), reason="No workaround", actor=alice
    )
    incident.refresh_from_db()
    assert before is not None
    assert incident.next_update_due_at is not None
    assert timedelta(minutes=14) < incident.next_update_due_at - now() <= timedelta(minutes=15)
    assert incident.next_update_due_at < before


def test_a_promise_that_comes_first_is_kept() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    pass_time(incident, 25 * 60)
    incident.refresh_from_db()
    promised = incident.next_update_due_at
    incident = operations.change_severity(
        incident, severity=cast.severity("SEV1"), reason="No workaround", actor=alice
    )
    assert incident.next_update_due_at == promised


def test_lowering_the_level_puts_nothing_off() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    promised = incident.next_update_due_at
    for label in ("SEV3", "SEV4"):
        incident = operations.change_severity(
            incident, severity=cast.severity(label), reason="Few affected", actor=alice
        )
        assert incident.next_update_due_at == promised


def test_the_change_says_old_new_who_and_why() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    operations.change_severity(
        incident, severity=cast.severity("SEV1"), reason=" No workaround ", actor=alice
    )
    entry = incident.timeline.get(kind="severity")
    assert entry.text == "Severity raised SEV2 to SEV1: No workaround"
    assert entry.actor == alice
    assert entry.data == {"old": "sev2", "new": "sev1", "raised": True, "reason": "No workaround"}
    assert Event.objects.get(name="incident.severity_changed").payload == {
        "incident_id": incident.pk,
        "old_rank": 2,
        "new_rank": 1,
        "pages": True,
        "reason": "No workaround",
    }


@pytest.mark.parametrize(
    ("old", "new", "drill", "pages"),
    [("SEV4", "SEV1", False, True), ("SEV1", "SEV2", False, False), ("SEV4", "SEV1", True, False)],
)
def test_only_raising_a_real_incident_wakes_people(old: str, new: str, *, drill: bool, pages: bool) -> None:
    alice, incident = cast.alice(), cast.incident(severity=old, drill=drill)
    operations.change_severity(incident, severity=cast.severity(new), reason="seen", actor=alice)
    assert Event.objects.get(name="incident.severity_changed").payload["pages"] is pages


def test_a_change_without_a_reason_is_refused() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    with pytest.raises(operations.NoReasonForLevel):
        operations.change_severity(incident, severity=cast.severity("SEV1"), reason="", actor=alice)
    incident.refresh_from_db()
    assert incident.severity.label == "SEV2"


def test_the_same_level_changes_nothing_and_an_ended_incident_keeps_its_level() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    operations.change_severity(incident, severity=cast.severity("SEV2"), reason="", actor=alice)
    assert not Event.objects.filter(name="incident.severity_changed").exists()
    operations.resolve(incident, actor=alice)
    with pytest.raises(operations.Ended, match="Reopen it first"):
        operations.change_severity(incident, severity=cast.severity("SEV1"), reason="x", actor=alice)


def test_a_rhythm_agreed_for_one_incident_counts_from_now_and_ends_with_the_level() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV2")
    incident = operations.agree_rhythm(incident, seconds=3600, actor=alice)
    assert incident.next_update_due_at is not None
    assert timedelta(minutes=59) < incident.next_update_due_at - now() <= timedelta(minutes=60)
    incident = operations.change_severity(
        incident, severity=cast.severity("SEV1"), reason="worse", actor=alice
    )
    incident.refresh_from_db()
    assert incident.update_every_seconds is None


@pytest.mark.parametrize("seconds", [0, 59, 7 * 86400 + 1])
def test_a_rhythm_out_of_bounds_is_refused(seconds: int) -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.NotARhythm):
        operations.agree_rhythm(incident, seconds=seconds, actor=alice)


def test_a_shorter_rhythm_is_agreed_by_whoever_commands() -> None:
    alice = cast.alice()
    bob, incident = cast.bob(), cast.incident(by=alice)
    with pytest.raises(NotYours, match="Alice Example commands, and agrees to a shorter rhythm"):
        operations.agree_rhythm(incident, seconds=300, actor=bob)
    assert operations.agree_rhythm(incident, seconds=2 * 3600, actor=bob).update_every_seconds == 2 * 3600
    with pytest.raises(NotYours):
        operations.agree_rhythm(incident, seconds=None, actor=bob)
    assert operations.agree_rhythm(incident, seconds=300, actor=alice).update_every_seconds == 300


def test_where_nobody_commands_anybody_who_responds_shortens_it() -> None:
    alice = cast.alice()
    bob, incident = cast.bob(), cast.incident(by=alice)
    operations.release_role(incident, role_slug="commander", user=alice, actor=alice)
    assert operations.agree_rhythm(incident, seconds=300, actor=bob).update_every_seconds == 300
