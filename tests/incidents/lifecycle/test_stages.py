from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.events.models import Event
from core.timers.models import Timer
from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind, Incident
from tests import cast
from tests.incidents.clock import now

pytestmark = pytest.mark.django_db


def names(incident: Incident) -> list[str]:
    """The events about this incident after its declaration, in order."""
    found = Event.objects.filter(subject_id=incident.pk, name__startswith="incident.").order_by("id")
    return [event.name for event in found][2:]


def waiting(incident: Incident) -> list[datetime]:
    """When reminders of this incident come."""
    found = Timer.objects.filter(subject_id=incident.pk, done_at=None, cancelled_at=None).order_by("due_at")
    return [timer.due_at for timer in found]


def test_each_stage_keeps_its_own_time() -> None:
    alice, incident = cast.alice(), cast.incident()
    for stage in ("identified", "mitigating", "monitoring"):
        incident = operations.move(incident, to=stage, actor=alice)
    incident = operations.resolve(incident, actor=alice)
    incident = operations.close(incident, actor=alice)
    incident.refresh_from_db()
    times = (
        incident.declared_at,
        incident.identified_at,
        incident.mitigated_at,
        incident.resolved_at,
        incident.closed_at,
    )
    assert None not in times
    assert sorted(time for time in times if time) == list(times)
    assert incident.status == "closed"


def test_mitigation_may_come_before_the_cause_is_known() -> None:
    alice, incident = cast.alice(), cast.incident()
    incident = operations.move(incident, to="monitoring", actor=alice)
    assert incident.mitigated_at is not None
    assert incident.identified_at is None


def test_a_stage_reached_earlier_than_it_was_noted_keeps_the_true_time() -> None:
    alice, incident = cast.alice(), cast.incident()
    at = now() - timedelta(minutes=3)
    Incident.objects.filter(pk=incident.pk).update(declared_at=at - timedelta(minutes=9))
    incident = operations.move(incident, to="monitoring", actor=alice, at=at)
    incident.refresh_from_db()
    assert incident.mitigated_at == at
    entry = incident.timeline.get(kind=EntryKind.STATUS)
    assert entry.at == at
    assert entry.recorded_at > at


def test_a_time_of_mitigation_that_is_known_already_stays() -> None:
    alice, incident = cast.alice(), cast.incident()
    at = now() - timedelta(minutes=3)
    incident = operations.correct(incident, changes={"mitigated_at": at}, actor=alice)
    incident = operations.move(incident, to="monitoring", actor=alice)
    assert incident.mitigated_at == at


def test_the_same_stage_again_changes_nothing() -> None:
    alice, incident = cast.alice(), cast.incident()
    version = incident.version
    incident = operations.move(incident, to="investigating", actor=alice)
    assert incident.version == version
    assert names(incident) == []


def test_what_did_not_hold_is_not_mitigated_any_more_and_the_entry_remembers() -> None:
    alice, incident = cast.alice(), cast.incident()
    incident = operations.move(incident, to="monitoring", actor=alice)
    at = incident.mitigated_at
    incident = operations.move(incident, to="mitigating", actor=alice, reason="Errors are back")
    incident.refresh_from_db()
    assert incident.mitigated_at is None
    entry = incident.timeline.filter(kind=EntryKind.STATUS).latest("id")
    assert entry.text == "Stage monitoring to mitigating: Errors are back"
    assert entry.data["undone"] == {"mitigated_at": str(at)}


@pytest.mark.parametrize("stage", ["triage", "nonsense", ""])
def test_a_stage_that_cannot_be_reached_is_refused(stage: str) -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.CannotMove):
        operations.move(incident, to=stage, actor=alice)
    incident.refresh_from_db()
    assert incident.status == "investigating"


def test_resolving_ends_the_clock_and_takes_the_reminders_back() -> None:
    alice, incident = cast.alice(), cast.incident()
    assert len(waiting(incident)) == 2
    incident = operations.resolve(incident, actor=alice)
    incident.refresh_from_db()
    assert incident.next_update_due_at is None
    assert waiting(incident) == []


@pytest.mark.parametrize(
    ("label", "drill", "asks"), [("SEV1", False, True), ("SEV3", False, False), ("SEV1", True, False)]
)
def test_resolving_says_whether_a_postmortem_is_wanted(label: str, *, drill: bool, asks: bool) -> None:
    alice = cast.alice()
    incident = operations.resolve(cast.incident(severity=label, drill=drill), actor=alice)
    assert names(incident) == ["incident.status_changed", "incident.resolved"]
    fact = Event.objects.get(name="incident.resolved").payload
    assert fact == {"incident_id": incident.pk, "needs_postmortem": asks, "drill": drill}


def test_resolving_twice_is_resolving_once() -> None:
    alice, incident = cast.alice(), cast.incident()
    first = operations.resolve(incident, actor=alice)
    again = operations.resolve(incident, actor=alice)
    assert again.resolved_at == first.resolved_at
    assert names(incident).count("incident.resolved") == 1


def test_reopening_needs_a_reason_and_begins_the_rhythm_anew() -> None:
    alice, incident = cast.alice(), cast.incident(severity="SEV1")
    incident = operations.move(incident, to="monitoring", actor=alice)
    incident = operations.resolve(incident, actor=alice)
    with pytest.raises(operations.NoReason):
        operations.reopen(incident, reason=" ", actor=alice)
    incident = operations.reopen(incident, reason="Errors are back", actor=alice)
    incident.refresh_from_db()
    assert (incident.status, incident.reopened) == ("investigating", 1)
    assert (incident.resolved_at, incident.mitigated_at) == (None, None)
    assert incident.next_update_due_at is not None
    assert timedelta(minutes=14) < incident.next_update_due_at - now() <= timedelta(minutes=15)
    assert len(waiting(incident)) == 2
    assert names(incident)[-2:] == ["incident.status_changed", "incident.reopened"]


def test_what_is_open_cannot_be_reopened() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.CannotMove):
        operations.reopen(incident, reason="again", actor=alice)


def test_an_open_incident_is_not_closed() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.NotOver, match="Resolve it first"):
        operations.close(incident, actor=alice)
    with pytest.raises(operations.NotOver):
        operations.close(incident, actor=alice, outcome="nonsense")


def test_a_false_alarm_is_closed_at_once_and_was_never_resolved() -> None:
    alice, incident = cast.alice(), cast.incident()
    incident = operations.close(incident, actor=alice, outcome="false_alarm", reason="The probe was wrong")
    incident.refresh_from_db()
    assert (incident.status, incident.outcome, incident.resolved_at) == ("closed", "false_alarm", None)
    assert incident.closed_at is not None
    assert waiting(incident) == []
    assert incident.timeline.latest("id").text == "Closed as false alarm: The probe was wrong"
    assert Event.objects.get(name="incident.closed").payload["outcome"] == "false_alarm"


def test_a_false_alarm_that_was_none_is_reopened_without_its_outcome() -> None:
    alice, incident = cast.alice(), cast.incident()
    incident = operations.close(incident, actor=alice, outcome="false_alarm", reason="A probe")
    incident = operations.reopen(incident, reason="It was real", actor=alice)
    incident.refresh_from_db()
    assert (incident.status, incident.outcome, incident.closed_at) == ("investigating", "", None)


@pytest.mark.parametrize(
    ("to", "event"),
    [("resolved", "incident.resolved"), ("identified", "incident.status_changed")],
)
def test_moving_to_an_end_is_that_end(to: str, event: str) -> None:
    alice, incident = cast.alice(), cast.incident()
    operations.move(incident, to=to, actor=alice)
    assert names(incident)[-1] == event


def test_moving_back_from_the_end_is_reopening() -> None:
    alice, incident = cast.alice(), cast.incident()
    incident = operations.move(incident, to="resolved", actor=alice)
    incident = operations.move(incident, to="closed", actor=alice)
    with pytest.raises(operations.NoReason):
        operations.move(incident, to="investigating", actor=alice)
    incident = operations.move(incident, to="investigating", actor=alice, reason="again")
    assert incident.reopened == 1


def test_the_first_to_take_it_is_noted_once() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    incident = operations.acknowledge(incident, actor=bob)
    first = incident.acknowledged_at
    incident = operations.acknowledge(incident, actor=alice)
    incident.refresh_from_db()
    assert incident.acknowledged_at == first
    assert {part.user for part in incident.participants.all()} == {alice, bob}
    assert names(incident) == ["incident.acknowledged"]


def test_taking_what_waited_in_triage_begins_the_investigation() -> None:
    alice = cast.alice()
    cast.severity()
    incident = operations.declare(title="Error rate", actor=None)
    incident = operations.acknowledge(incident, actor=alice)
    incident.refresh_from_db()
    assert incident.status == "investigating"
    assert [event.name for event in Event.objects.filter(subject_id=incident.pk).order_by("id")] == [
        "incident.declared",
        "incident.acknowledged",
        "incident.status_changed",
        "incident.role_assigned",
    ]


def test_a_time_that_has_not_come_is_refused() -> None:
    alice, incident = cast.alice(), cast.incident()
    with pytest.raises(operations.InTheFuture):
        operations.resolve(incident, actor=alice, at=now() + timedelta(hours=1))
    incident.refresh_from_db()
    assert incident.status == "investigating"
