"""What people do to alerts happens once, is told, and leaves what it should not touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.events.models import Event
from oncall.alerts import operations
from oncall.models import Alert
from tests import cast

pytestmark = pytest.mark.django_db


def fresh(alert: Alert) -> Alert:
    return Alert.objects.get(pk=alert.pk)


def events(alert: Alert) -> list[str]:
    return list(
        Event.objects.filter(subject_id=alert.pk, name__startswith="alert.")
        .order_by("id")
        .values_list("name", flat=True)
    )


def test_an_alert_is_taken_once() -> None:
    alert, alice, bob = cast.alert(), cast.alice(), cast.bob()
    Alert.objects.update(first_at=timezone.now() - timedelta(seconds=90))

    assert operations.acknowledge_alert(alert.pk, actor=alice) is True
    assert operations.acknowledge_alert(alert.pk, actor=bob) is False

    assert (fresh(alert).status, fresh(alert).acknowledged_by) == ("acknowledged", alice)
    told = Event.objects.get(name="alert.acknowledged")
    assert (told.actor, told.payload["user_id"]) == (alice, alice.pk)
    assert 90 <= told.payload["seconds"] < 100


def test_giving_an_alert_back_makes_it_everybodys_again() -> None:
    alert, alice = cast.alert(), cast.alice()

    assert operations.unacknowledge_alert(alert.pk, actor=alice) is False
    operations.acknowledge_alert(alert.pk, actor=alice)
    operations.snooze_alert(alert.pk, until=timezone.now() + timedelta(hours=1))
    assert operations.unacknowledge_alert(alert.pk, actor=alice) is True

    now = fresh(alert)
    assert (now.status, now.acknowledged_by, now.acknowledged_at, now.snoozed_until) == (
        "triggered",
        None,
        None,
        None,
    )
    assert events(alert) == ["alert.received", "alert.acknowledged", "alert.unacknowledged"]


def test_an_alert_ends_once_and_is_never_taken_after() -> None:
    alert, alice = cast.alert(), cast.alice()

    assert operations.resolve_alert(alert.pk, actor=alice) is True
    assert operations.resolve_alert(alert.pk, actor=alice) is False
    assert operations.acknowledge_alert(alert.pk, actor=alice) is False
    assert operations.snooze_alert(alert.pk, until=timezone.now()) is False

    assert (fresh(alert).status, fresh(alert).resolved_by) == ("resolved", alice)
    assert Event.objects.get(name="alert.resolved").payload["by_source"] is False


def test_alerts_become_part_of_an_incident_once() -> None:
    first, second, incident = cast.alert("A"), cast.alert("B"), cast.incident()
    both = [first.pk, second.pk]

    assert operations.attach_alerts([first.pk], incident_id=incident.pk, actor=None) == [first.pk]
    assert operations.attach_alerts(both, incident_id=incident.pk, actor=None) == [second.pk]

    assert list(Alert.objects.values_list("incident", flat=True)) == [incident.pk, incident.pk]
    assert Event.objects.filter(name="alert.attached").count() == 2


def test_two_people_at_once_leave_one_that_has_it(transactional_db: None) -> None:
    alert, people = cast.alert(), [cast.alice(), cast.bob(), cast.carol()]

    def take(n: int) -> bool:
        try:
            return operations.acknowledge_alert(alert.pk, actor=people[n])
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        won = list(pool.map(take, range(3)))

    assert sorted(won) == [False, False, True]
    assert fresh(alert).acknowledged_by == people[won.index(True)]
    assert events(alert).count("alert.acknowledged") == 1


def test_a_private_incidents_alerts_are_known_to_its_members_alone() -> None:
    open_one, hidden = cast.alert("Open"), cast.alert("Hidden")
    alice, mallory = cast.alice(), cast.mallory()
    incident = cast.incident(by=alice, private=True)
    operations.attach_alerts([hidden.pk], incident_id=incident.pk, actor=alice)

    assert set(Alert.objects.visible_to(alice)) == {open_one, hidden}
    assert set(Alert.objects.visible_to(mallory)) == {open_one}
