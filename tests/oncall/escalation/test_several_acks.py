"""Where one acknowledgement is not enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message
from core.timers.models import Timer
from oncall.alerts.models import Alert
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, Policy
from oncall.escalation.operations import ACK_TIMEOUT
from oncall.escalation.rules import plans, rehearsal
from oncall.escalation.rules.acks import acks_needed, acks_said
from oncall.escalation.rules.plans import LevelSpec, Plan
from oncall.escalation.rules.steps import Position
from oncall.paging import tokens
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(alice: User, bob: User, carol: User) -> Policy:
    return cast.policy((600, [alice, bob]), (600, [carol]), repeat=2, acks_needed=2)


@pytest.fixture
def running(policy: Policy) -> Escalation:
    cast.escalation(cast.alert(), policy)
    drain()
    return Escalation.objects.select_related("alert").get()


@pytest.fixture
def alert(running: Escalation) -> Alert:
    assert running.alert is not None
    return running.alert


def now_of(running: Escalation, alert: Alert) -> tuple[str, str, list[int]]:
    running.refresh_from_db()
    alert.refresh_from_db()
    return alert.status, running.status, running.acked_by


def test_as_many_are_needed_as_the_levels_asked_so_far_say() -> None:
    plan = Plan("Core", 2, (LevelSpec(60), LevelSpec(60, acks_needed=3), LevelSpec(60)), acks_needed=2)
    assert plans.from_json(plans.to_json(plan)) == plan
    places = [Position(0, 0), Position(0, 1), Position(0, 2), Position(1, 0)]
    assert [acks_needed(plan, place) for place in places] == [2, 3, 3, 3]
    assert acks_needed(Plan("None", 1, ())) == 1
    assert acks_said(1, 2) == "1 of 2 acknowledged, waiting for one more"
    assert acks_said(1, 3) == "1 of 3 acknowledged, waiting for 2 more"
    assert acks_said(2, 2) == "2 of 2 acknowledged"


def test_the_first_is_counted_and_asked_no_more_while_the_others_are(
    running: Escalation, alert: Alert, alice: User, bob: User, smtp: Smtp
) -> None:
    held = operations.acknowledge(actor=alice, alert=alert)
    assert (held.first, held.by, held.said) == (True, alice, "1 of 2 acknowledged, waiting for one more")
    assert now_of(running, alert) == ("triggered", "escalating", [alice.pk])
    sending.send_due()
    assert [list(mail.recipients) for mail in smtp.mails] == [["bob@example.com"]]
    pass_time(running, minutes=10)
    drain()
    pass_time(running, minutes=10)
    drain()
    assert asked(running) == [
        ("Alice", 0, 0, "acknowledged"),
        ("Bob", 0, 0, "sent"),
        ("Carol", 0, 1, "pending"),
        ("Bob", 1, 0, "pending"),
    ]
    assert "2 people must acknowledge, and 1 has." in Page.objects.get(user__name__startswith="Carol").why
    held = operations.acknowledge(actor=bob, alert=alert)
    assert (held.first, held.by, held.said) == (True, bob, "")
    assert now_of(running, alert) == ("acknowledged", "acknowledged", [alice.pk, bob.pk])
    assert not Page.objects.open().exists()
    assert not Message.objects.filter(state="pending").exists()


def test_the_same_person_twice_counts_once(running: Escalation, alert: Alert, alice: User) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    again = operations.acknowledge(actor=alice, alert=alert)
    assert (again.first, again.said) == (False, "1 of 2 acknowledged, waiting for one more")
    assert now_of(running, alert) == ("triggered", "escalating", [alice.pk])
    assert Event.objects.filter(name="acknowledgement.counted").count() == 1


def test_when_everybody_asked_has_acknowledged_the_next_is_asked_at_once(
    alice: User, bob: User, carol: User
) -> None:
    alert = cast.alert()
    policy = cast.policy((600, [alice]), (600, [bob]), (600, [carol]), acks_needed=2)
    running = cast.escalation(alert, policy)
    drain()
    operations.acknowledge(actor=alice, alert=alert)
    drain()
    assert asked(running) == [("Alice", 0, 0, "acknowledged"), ("Bob", 0, 1, "pending")]
    upcoming = queries.next_up(Escalation.objects.get(pk=running.pk))
    assert upcoming is not None
    assert upcoming.people == (carol,)


def test_a_level_may_want_more_than_its_policy(alice: User, bob: User) -> None:
    alert = cast.alert()
    levels = [LevelSpec(600, (cast.target(alice),)), LevelSpec(600, (cast.target(bob),), acks_needed=2)]
    running = cast.escalation(alert, cast.policy(*levels))
    drain()
    pass_time(running, minutes=10)
    drain()
    operations.acknowledge(actor=bob, alert=alert)
    assert now_of(running, alert) == ("triggered", "escalating", [bob.pk])
    operations.acknowledge(actor=alice, alert=alert)
    assert now_of(running, alert)[:2] == ("acknowledged", "acknowledged")


def test_too_few_leave_it_to_the_last_resort_with_what_they_said(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    operations.set_last_resort(actor=None, user=cast.mona())
    operations.acknowledge(actor=alice, alert=alert)
    Escalation.objects.filter(pk=running.pk).update(round=2)
    pass_time(running, minutes=60)
    drain()
    last = Escalation.objects.get(is_last_resort=True)
    assert last.acked_by == [alice.pk]
    alarm = Message.objects.filter(client="oncall.alarm").first()
    assert alarm is not None
    assert "asked everybody as often as it says, and only 1 of 2 acknowledged." in alarm.content["text"]
    operations.acknowledge(actor=bob, alert=alert)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"acknowledged"}


def test_who_gives_it_back_takes_only_their_own_word_back(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    assert not operations.unacknowledge(actor=alice, alert=alert)
    operations.acknowledge(actor=alice, alert=alert)
    assert operations.unacknowledge(actor=alice, alert=alert)
    assert now_of(running, alert) == ("triggered", "escalating", [])
    assert Page.objects.open().filter(user=alice).exists()
    for who in (alice, bob):
        operations.acknowledge(actor=who, alert=alert)
    assert operations.unacknowledge(actor=bob, alert=alert)
    assert now_of(running, alert) == ("triggered", "escalating", [alice.pk])
    assert list(Page.objects.open().values_list("user", flat=True)) == [bob.pk]


def test_who_has_not_acknowledged_gives_all_of_it_back(
    running: Escalation, alert: Alert, alice: User, bob: User, carol: User
) -> None:
    for who in (alice, bob):
        operations.acknowledge(actor=who, alert=alert)
    assert operations.unacknowledge(actor=carol, alert=alert)
    assert now_of(running, alert) == ("triggered", "escalating", [])


def test_after_its_time_out_it_takes_as_many_again(alice: User, bob: User) -> None:
    alert = cast.alert()
    running = cast.escalation(
        alert, cast.policy((600, [alice, bob]), acks_needed=2, ack_timeout_seconds=1800)
    )
    drain()
    operations.acknowledge(actor=alice, alert=alert)
    assert not Timer.objects.filter(kind=ACK_TIMEOUT).exists()
    operations.acknowledge(actor=bob, alert=alert)
    operations.ask_again(Timer.objects.get(kind=ACK_TIMEOUT))
    assert now_of(running, alert) == ("triggered", "escalating", [])
    drain()
    assert sorted(asked(running))[-1] == ("Bob", 0, 0, "pending")
    operations.acknowledge(actor=alice, alert=alert)
    assert now_of(running, alert)[0] == "triggered"


def test_an_incident_taken_by_one_asks_on_for_the_second(
    running: Escalation, alert: Alert, policy: Policy, alice: User, bob: User
) -> None:
    incident = cast.incident(by=cast.mona())
    Alert.objects.filter(pk=alert.pk).update(incident=incident)
    own = cast.escalation(incident, policy)
    drain()
    held = operations.acknowledge(actor=alice, incident=incident)
    assert held.said == "1 of 2 acknowledged, waiting for one more"
    assert now_of(running, alert) == ("triggered", "escalating", [alice.pk])
    operations.acknowledge(actor=bob, incident=incident)
    own.refresh_from_db()
    assert (own.status, own.acknowledged_by) == ("acknowledged", bob)
    assert now_of(running, alert)[:2] == ("acknowledged", "acknowledged")


def test_a_source_that_says_it_is_taken_is_enough(running: Escalation, alert: Alert) -> None:
    assert operations.end_many([alert.pk], resolved=False) == 1


def test_the_phone_says_how_many_have_acknowledged(
    client: Client, running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    pages = {
        who: reverse("oncall:page", args=[tokens.make(Page.objects.get(user=who))]) for who in (alice, bob)
    }
    assert "2 people must acknowledge" in client.get(pages[alice]).content.decode()
    client.post(pages[alice])
    shown = client.get(pages[alice]).content.decode()
    assert "You acknowledged" in shown
    assert "1 of 2 acknowledged, waiting for one more" in shown
    assert "1 of 2 acknowledged" in client.get(pages[bob]).content.decode()
    client.post(pages[alice], {"action": "undo"})
    assert now_of(running, alert)[2] == []
    client.post(pages[alice])
    client.post(pages[bob])
    for url in pages.values():
        assert "You have it" in client.get(url).content.decode()


def test_the_alert_the_ledger_and_the_api_say_it(
    client: Client, running: Escalation, alert: Alert, alice: User
) -> None:
    client.force_login(alice)
    url = reverse("oncall:alert", args=[alert.pk])
    assert "2 people must acknowledge this" in client.get(url).content.decode()
    said = client.post(reverse("oncall:acknowledge-alert", args=[alert.pk]), follow=True).content.decode()
    assert len(re.findall("1 of 2 acknowledged, waiting for one more", said)) == 2
    assert "1 of 2 acknowledged, waiting for one more" in client.get(reverse("oncall:pages")).content.decode()
    assert "Paging, 1 of 2" in client.get(reverse("oncall:alerts")).content.decode()
    assert ("Give it back" in said, "btn btn-primary" in said) == (True, False)
    client.force_login(cast.mona())
    seen = client.get(url).content.decode()
    assert ("Give it back" in seen, "btn btn-primary" in seen) == (False, True)
    found = client.get(f"/api/v1/alerts/{alert.pk}/").json()
    assert (found["status"], found["acks_needed"], found["acks"]) == ("triggered", 2, [str(alice.pk)])
    page = client.get("/api/v1/pages/", {"user": alice.pk}).json()["results"][0]
    assert (page["acks_needed"], page["acknowledged_by"]) == (2, [str(alice.pk)])


def test_the_policy_and_the_simulator_say_it(client: Client, policy: Policy, alice: User) -> None:
    client.force_login(alice)
    assert (
        "2 different people must acknowledge"
        in client.get(reverse("oncall:policy", args=[policy.slug])).content.decode()
    )
    url = reverse("oncall:simulator")
    assert "2 people must acknowledge." in client.get(url, {"policy": policy.slug}).content.decode()
    assert rehearsal.warnings([[1], [1]], gives_up_after=60, acks_needed=2)[-1].startswith("2 people must")
