from __future__ import annotations

import pytest
from django.utils import timezone

from core.events import bus
from incidents.models import Incident, TimelineEntry
from oncall.escalation.models import Escalation
from oncall.inbox import operations, queries
from oncall.models import Alert, Page
from tests import cast

pytestmark = pytest.mark.django_db


def firing() -> Alert:
    cast.severity()
    return cast.alert(of=cast.service(), description="About 3 in 10 card payments fail.")


def test_declaring_from_an_alert_carries_over_what_is_known_and_stops_paging() -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = firing()
    running = cast.escalation(alert, cast.policy((300, [bob])))
    incident = operations.declare(alert, actor=alice)
    alert.refresh_from_db()
    running.refresh_from_db()
    assert (incident.title, incident.summary, incident.trigger) == (alert.title, alert.description, "alert")
    assert list(incident.services.all()) == [alert.service]
    assert incident.started_at == incident.detected_at == alert.first_at
    assert (alert.incident, alert.status, alert.acknowledged_by) == (incident, "acknowledged", alice)
    assert (running.status, running.next_at) == ("acknowledged", None)
    assert TimelineEntry.objects.filter(incident=incident, kind="alert").count() == 1


def test_declaring_twice_gives_the_same_incident() -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = firing()
    first = operations.declare(alert, actor=alice)
    assert operations.declare(alert, actor=bob, title="Something else") == first
    assert Incident.objects.count() == 1


@pytest.mark.parametrize("private", [True, False])
def test_who_was_paged_before_comes_along_unless_it_is_private(*, private: bool) -> None:
    alice, bob = cast.alice(), cast.bob()
    alert = firing()
    running = cast.escalation(alert, cast.policy((300, [bob])))
    Page.objects.create(escalation=running, user=bob, planned_at=timezone.now(), sent_at=timezone.now())
    incident = cast.incident(by=alice, private=private)
    operations.attach(alert, incident=incident, actor=alice)
    while bus.deliver_due():
        pass
    assert incident.timeline.filter(text__contains="Bob Example was paged").exists()
    assert incident.participants.filter(user=bob).exists() is not private


def test_an_alert_joins_an_open_incident_once() -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    alert = firing()
    operations.attach(alert, incident=incident, actor=alice)
    operations.attach(Alert.objects.get(), incident=incident, actor=alice)
    assert Alert.objects.get().incident == incident
    assert TimelineEntry.objects.filter(incident=incident, kind="alert").count() == 1


def test_an_alert_cannot_be_taken_from_another_incident() -> None:
    alice = cast.alice()
    first, second = cast.incident(by=alice), cast.incident("Search is stale", by=alice)
    alert = firing()
    operations.attach(alert, incident=first, actor=alice)
    with pytest.raises(operations.AlreadyPart, match=str(first)):
        operations.attach(Alert.objects.get(), incident=second, actor=alice)


def test_the_list_says_who_is_needed_and_what_happens_next() -> None:
    bob = cast.bob()
    alert = firing()
    cast.alert("Disk 80% on build-7", urgency="low")
    cast.escalation(alert, cast.policy((300, [bob])))
    found = queries.inbox(bob, tab="needs", search="")
    assert [line.alert.title for line in found.lines] == [alert.title, "Disk 80% on build-7"]
    assert found.lines[0].escalation == Escalation.objects.get()
    assert {tab.key: tab.count for tab in found.tabs} == {"needs": 2, "open": 2, "snoozed": 0, "closed": None}
    assert [line.alert.title for line in queries.inbox(bob, tab="needs", search="payments").lines] == [
        alert.title
    ]


def test_alerts_of_a_private_incident_are_seen_by_its_members_alone() -> None:
    alice, mallory = cast.alice(), cast.mallory()
    alert = firing()
    incident = cast.incident(by=alice, private=True)
    operations.attach(alert, incident=incident, actor=alice)
    assert [line.alert for line in queries.inbox(alice, tab="open", search="").lines] == [alert]
    assert queries.inbox(mallory, tab="open", search="").lines == []
    assert not queries.waiting(mallory).exists()


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_the_same_few_queries_however_long(
    count: int, django_assert_max_num_queries: object
) -> None:
    bob = cast.bob()
    policy = cast.policy((300, [bob]))
    for n in range(count):
        cast.escalation(cast.alert(f"Alert {n}", of=cast.service()), policy)
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        assert len(queries.inbox(bob, tab="needs", search="").lines) == count
