from __future__ import annotations

from datetime import timedelta

import pytest

from core.events.models import Event
from incidents.closing import operations as closing
from incidents.closing.operations import Said
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.registry import HeldOpen
from incidents.mitigations import operations, queries
from incidents.mitigations.models import AppliedMitigation
from tests import cast
from tests.incidents.clock import now
from tests.incidents.closing.test_operations import every, mitigated

pytestmark = pytest.mark.django_db


def test_what_is_tried_keeps_who_when_and_what_came_of_it() -> None:
    alice = cast.alice()
    service = cast.service()
    incident = cast.incident(by=alice, services=[service])
    back = operations.add(service, kind="rollback", name="Roll payments-api back", steps="deploy undo")
    begun = now() - timedelta(minutes=7)
    row = operations.begin(incident, mitigation=back, at=begun, actor=alice)
    assert (row.started_by, row.started_at, row.is_temporary, row.seconds) == (alice, begun, False, None)
    row = operations.end(row, result="worked", note="Latency normal", actor=alice)
    assert row.seconds == pytest.approx(420, abs=60)
    texts = list(incident.timeline.filter(kind="action").order_by("id").values_list("text", flat=True))
    assert texts == [
        "Mitigation begun: Roll payments-api back on Payments API",
        "Roll payments-api back: worked, after 7 min. Latency normal",
    ]
    events = Event.objects.filter(name="incident.mitigation_changed").order_by("id")
    assert [event.payload["what"] for event in events] == ["begun", "ended"]


def test_pressed_twice_it_is_tried_once_and_ends_once() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    one, two = (operations.begin(incident, name="Throttle imports", actor=alice) for _ in range(2))
    assert one == two
    operations.end(one, result="failed", actor=alice)
    again = operations.end(one, result="worked", actor=alice)
    assert again.result == "failed"
    assert operations.begin(incident, name="Throttle imports", actor=alice) != one


def test_it_is_not_over_before_it_began_and_nothing_begins_in_what_is_over() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    row = operations.begin(incident, name="Fail over", actor=alice)
    with pytest.raises(operations.NotThen):
        operations.end(row, result="worked", at=row.started_at - timedelta(minutes=1), actor=alice)
    with pytest.raises(operations.NoName):
        operations.begin(incident, name="  ", actor=alice)
    lifecycle.resolve(incident, actor=alice)
    with pytest.raises(lifecycle.Ended):
        operations.begin(incident, name="Fail over again", actor=alice)


def test_what_is_temporary_keeps_the_incident_open_whatever_the_reason() -> None:
    alice = cast.alice()
    incident = mitigated(alice)
    row = operations.begin(incident, name="Search off", kind="flag", is_temporary=True, actor=alice)
    operations.end(row, result="worked", actor=alice)
    said = Said(confirmed=every(), despite="It is late")
    with pytest.raises(HeldOpen) as refused:
        closing.resolve(incident, said=said, actor=alice)
    assert str(refused.value) == (
        "“Search off” is temporary and still in force. "
        "Undo it, or keep it on purpose with a reason and an owner."
    )
    with pytest.raises(HeldOpen):
        lifecycle.close(incident, outcome="false_alarm", reason="None", actor=alice)
    operations.undo(row, actor=alice)
    assert closing.resolve(incident, said=said, actor=alice).status == "resolved"


def test_what_is_kept_on_purpose_has_a_reason_and_an_owner_and_lets_go() -> None:
    alice, bob = cast.alice(), cast.bob()
    incident = mitigated(alice)
    row = operations.begin(incident, name="Deploys frozen", is_temporary=True, actor=alice)
    with pytest.raises(operations.NoWhy):
        operations.keep(row, why=" ", owner=bob, actor=alice)
    row = operations.keep(row, why="Until the test is mended", owner=bob, actor=alice)
    assert (row.kept_because, row.kept_owner, row.is_standing) == ("Until the test is mended", bob, False)
    assert queries.held(incident) == ""
    assert closing.resolve(incident, said=Said(confirmed=every()), actor=alice).status == "resolved"
    assert "Bob Example answers for it" in incident.timeline.filter(kind="action").latest("id").text


def test_only_what_is_temporary_is_undone_or_kept() -> None:
    alice = cast.alice()
    row = operations.begin(cast.incident(by=alice), name="Roll back", actor=alice)
    with pytest.raises(operations.NotTemporary):
        operations.undo(row, actor=alice)
    with pytest.raises(operations.NotTemporary):
        operations.keep(row, why="x", owner=alice, actor=alice)


def test_undone_twice_is_undone_once() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    row = operations.begin(incident, name="Throttle", is_temporary=True, actor=alice)
    first = operations.undo(row, actor=alice)
    assert operations.undo(row, actor=alice).undone_at == first.undone_at
    assert incident.timeline.filter(text__startswith="Undone").count() == 1


def test_rolling_back_is_offered_first_and_only_for_the_affected_services() -> None:
    alice = cast.alice()
    pay, search = cast.service(), cast.service("Search")
    operations.add(pay, kind="flag", name="New checkout off", is_temporary=True)
    operations.add(pay, kind="rollback", name="Roll back")
    operations.add(search, kind="rollback", name="Roll search back")
    incident = cast.incident(by=alice, services=[pay])
    assert [row.name for row in queries.offered(alice, incident)] == ["Roll back", "New checkout off"]


def test_one_name_is_one_mitigation_of_a_service_and_what_was_tried_outlives_it() -> None:
    alice, service = cast.alice(), cast.service()
    row = operations.add(service, kind="rollback", name="Roll back")
    with pytest.raises(operations.Known, match="has a mitigation “Roll back” already"):
        operations.add(service, kind="other", name="Roll back")
    tried = operations.begin(cast.incident(by=alice, services=[service]), mitigation=row, actor=alice)
    operations.remove(row)
    tried.refresh_from_db()
    assert (tried.mitigation, tried.name) == (None, "Roll back")
    assert AppliedMitigation.objects.standing().count() == 0
