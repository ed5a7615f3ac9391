from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from core.events.models import Event
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, Policy
from oncall.paging import tokens
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(alice: User) -> Policy:
    return cast.policy((600, [alice]), (600, [cast.bob()]), ack_timeout_seconds=1800, team=cast.team())


@pytest.fixture
def alert() -> Alert:
    return cast.alert()


@pytest.fixture
def running(alert: Alert, policy: Policy) -> Escalation:
    found = cast.escalation(alert, policy)
    drain()
    return found


def half_an_hour_passes() -> None:
    Timer.objects.filter(kind="oncall.ack_timeout", done_at=None).update(
        due_at=queries.now() - timedelta(minutes=10)
    )
    timers.run_due()
    drain()


def test_what_was_taken_and_has_not_ended_is_asked_about_again(
    running: Escalation, alert: Alert, alice: User
) -> None:
    at = queries.now()
    operations.acknowledge(actor=alice, alert=alert)
    timer = Timer.objects.get()
    assert (timer.kind, timer.subject_id, timer.occurrence) == ("oncall.ack_timeout", running.pk, "2")
    assert abs(timer.due_at - at - timedelta(minutes=30)) < timedelta(seconds=5)
    half_an_hour_passes()
    running.refresh_from_db()
    alert.refresh_from_db()
    assert (running.status, running.epoch, alert.status) == ("escalating", 3, "triggered")
    assert [(who, level) for who, _, level, _ in asked(running)] == [("Alice", 0), ("Alice", 0)]
    assert "It was taken by Alice Example 30 min ago and has not ended." in Page.objects.latest("pk").why
    assert Event.objects.get(name="alert.unacknowledged").actor is None


def test_it_asks_again_every_time(running: Escalation, alert: Alert, alice: User) -> None:
    for _ in range(3):
        operations.acknowledge(actor=alice, alert=alert)
        half_an_hour_passes()
    assert [who for who, *_ in asked(running)] == ["Alice"] * 4
    assert Timer.objects.filter(done_at=None).count() == 0


@pytest.mark.parametrize("then", ["resolved", "given back", "snoozed", "taken anew", "an incident"])
def test_a_promise_that_was_overtaken_asks_nobody(
    running: Escalation, alert: Alert, alice: User, then: str
) -> None:
    cast.severity()
    operations.acknowledge(actor=alice, alert=alert)
    first = Timer.objects.get()
    if then == "resolved":
        operations.resolve(alert=alert, actor=alice)
    elif then == "snoozed":
        operations.snooze(alert=alert, seconds=900, actor=alice)
    elif then == "an incident":
        operations.declare_alert(alert, actor=alice)
    else:
        operations.unacknowledge(actor=alice, alert=alert)
        if then == "taken anew":
            operations.acknowledge(actor=alice, alert=alert)
    running.refresh_from_db()
    before = (running.status, running.epoch, Page.objects.count())
    Timer.objects.filter(pk=first.pk).update(due_at=queries.now() - timedelta(minutes=10))
    timers.run_due()
    running.refresh_from_db()
    assert (running.status, running.epoch, Page.objects.count()) == before
    assert Timer.objects.get(pk=first.pk).done_at is not None


def test_the_policy_asks_again_and_not_its_last_resort(
    running: Escalation, alert: Alert, alice: User
) -> None:
    operations.set_last_resort(user=cast.carol(), actor=None)
    for _ in range(2):
        pass_time(running, minutes=10)
        drain()
    operations.acknowledge(actor=alice, alert=alert)
    half_an_hour_passes()
    assert list(Escalation.objects.order_by("pk").values_list("status", flat=True)) == [
        "escalating",
        "closed",
    ]
    assert queries.current(alert=alert) == running


def test_what_the_source_took_is_asked_about_again(running: Escalation, alert: Alert) -> None:
    alerts.acknowledge_alert(alert.pk, actor=None)
    Escalation.objects.filter(pk=running.pk).update(next_at=queries.now())
    drain()
    half_an_hour_passes()
    assert "It was taken by its source 30 min ago" in Page.objects.latest("pk").why


def test_without_the_setting_and_by_hand_nothing_is_promised(alice: User, policy: Policy) -> None:
    cast.escalation(cast.alert("Other"), plain := cast.policy((600, [alice]), name="Plain"))
    operations.acknowledge(actor=alice, alert=Escalation.objects.get(policy=plain).alert)
    operations.page_by_hand(actor=alice, message="Help", policy=policy)
    drain()
    operations.acknowledge(actor=alice, page=Page.objects.latest("pk"))
    assert not Timer.objects.exists()


def test_it_is_set_in_minutes_and_said_on_the_page(policy: Policy) -> None:
    client = Client()
    client.force_login(cast.mona())
    address = "/escalation/engineering/"
    assert "has 30 min to end it or to declare an incident" in client.get(address).content.decode()
    editor = client.get(f"{address}edit/").content.decode()
    assert 'name="ack_timeout" value="30"' in editor
    given = {
        "name": "Engineering",
        "team": cast.team().pk,
        "repeat": "1",
        "version": policy.version,
        "levels": "1",
        "level-0-minutes": "5",
        "level-0-targets": f"team:{cast.team().pk}",
        "level-0-pages_everyone": "on",
        "do": "save",
    }
    assert client.post(f"{address}edit/", {**given, "ack_timeout": "0.5"}).status_code == 422
    assert client.post(f"{address}edit/", {**given, "ack_timeout": "90"}).status_code == 302
    policy.refresh_from_db()
    assert policy.ack_timeout_seconds == 5400
    client.post(f"{address}edit/", {**given, "version": policy.version, "ack_timeout": ""})
    policy.refresh_from_db()
    assert policy.ack_timeout_seconds is None


def test_less_than_a_minute_is_refused_by_the_table(policy: Policy) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.update(ack_timeout_seconds=59)


def test_the_alert_and_the_phone_say_when_it_asks_again(
    client: Client, running: Escalation, alert: Alert, alice: User
) -> None:
    client.force_login(alice)
    alert_page, phone = (
        reverse("oncall:alert", args=[alert.pk]),
        reverse("oncall:page", args=[tokens.make(Page.objects.get())]),
    )
    assert "Asks again" not in client.get(alert_page).content.decode()
    operations.acknowledge(actor=alice, alert=alert)
    due = Timer.objects.get().due_at
    for url in (alert_page, phone):
        shown = client.get(url).content.decode()
        assert "Asks again at" in shown
        assert "unless it is resolved" in shown
        assert due.isoformat(timespec="seconds")[:16] in shown
    incident = cast.incident(by=alice)
    Alert.objects.filter(pk=alert.pk).update(incident=incident)
    assert "Asks again" not in client.get(alert_page).content.decode()
