from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from core.errors import Refused
from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as incidents
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, EscalationStatus, Policy
from oncall.paging.models import Page, PageStatus
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(alice: User, bob: User) -> Policy:
    return cast.policy((600, [alice]), (600, [bob]))


@pytest.fixture
def alert() -> Alert:
    return cast.alert()


@pytest.fixture
def running(alert: Alert, policy: Policy) -> Escalation:
    """An escalation whose first level was asked; its message waits."""
    found = cast.escalation(alert, policy)
    drain()
    found.refresh_from_db()
    return found


def names() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def states() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("id").values_list("address", "state"))


# Taking it


def test_an_acknowledgement_stops_everything_in_one_commit(
    running: Escalation, alert: Alert, alice: User
) -> None:
    held = operations.acknowledge(actor=alice, alert=alert)
    assert (held.first, held.by) == (True, alice)
    running.refresh_from_db()
    assert (running.status, running.epoch, running.next_at, running.acknowledged_by) == (
        EscalationStatus.ACKNOWLEDGED,
        2,
        None,
        alice,
    )
    assert states() == [("alice@example.com", "suppressed")]
    assert Message.objects.get().error == "acknowledged by Alice Example"
    page = Page.objects.get()
    assert page.status == PageStatus.ACKNOWLEDGED
    assert page.acknowledged_at is not None
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("acknowledged", alice)
    assert "alert.acknowledged" in names()
    pass_time(running, minutes=60)
    assert drain() == 0


def test_who_comes_second_changes_nothing_and_is_told_who_has_it(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    first = operations.acknowledge(actor=alice, alert=alert)
    for actor in (bob, alice):
        again = operations.acknowledge(actor=actor, alert=alert)
        assert (again.first, again.by, again.at) == (False, alice, first.at)
    running.refresh_from_db()
    assert running.epoch == 2
    assert names().count("alert.acknowledged") == 1


def test_the_second_level_acknowledges_and_the_third_is_never_asked(
    running: Escalation, alert: Alert, bob: User, smtp: Smtp
) -> None:
    sending.send_due()
    pass_time(running, minutes=12)
    drain()
    sending.send_due()
    operations.acknowledge(actor=bob, alert=alert)
    pass_time(running, minutes=60)
    assert drain() == 0
    assert asked(running) == [("Alice", 0, 0, "sent"), ("Bob", 0, 1, "acknowledged")]
    assert Page.objects.filter(ended_at=None).count() == 0
    assert len(smtp.mails) == 2


def test_an_acknowledgement_through_a_page_takes_its_alert(
    running: Escalation, alert: Alert, alice: User
) -> None:
    page = Page.objects.select_related("escalation__alert", "escalation__incident").get()
    assert operations.acknowledge(actor=alice, page=page).first
    alert.refresh_from_db()
    assert alert.status == "acknowledged"


def test_taking_an_incident_takes_its_alerts_and_stops_both_kinds_of_pages(
    running: Escalation, alert: Alert, policy: Policy, alice: User, bob: User
) -> None:
    incident = cast.incident(by=bob)
    alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=bob)
    own = cast.escalation(incident, policy)
    drain()
    held = operations.acknowledge(actor=alice, incident=incident)
    assert (held.first, held.by) == (True, alice)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"acknowledged"}
    alert.refresh_from_db()
    incident.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("acknowledged", alice)
    assert incident.acknowledged_at is not None
    assert not operations.acknowledge(actor=bob, incident=incident).first
    own.refresh_from_db()
    assert own.acknowledged_by == alice


def test_taking_an_alert_takes_its_incident(running: Escalation, alert: Alert, alice: User) -> None:
    incident = incidents.declare(title="Checkout fails", actor=None, severity=cast.severity())
    alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=None)
    operations.acknowledge(actor=alice, alert=alert)
    incident.refresh_from_db()
    assert (incident.status, incident.acknowledged_at is None) == ("investigating", False)


# Giving it back


def test_an_acknowledgement_taken_back_soon_goes_on_as_if_it_had_not_been(
    running: Escalation, alert: Alert, alice: User
) -> None:
    due = running.next_at
    operations.acknowledge(actor=alice, alert=alert)
    assert operations.unacknowledge(actor=alice, alert=alert)
    running.refresh_from_db()
    assert (running.status, running.level, running.next_at, running.epoch) == ("escalating", 1, due, 3)
    assert Page.objects.get().ended_at is None
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("triggered", None)
    assert not operations.unacknowledge(actor=alice, alert=alert)
    pass_time(running, minutes=10)
    drain()
    assert asked(running)[-1][0] == "Bob"


def test_an_alert_given_back_later_starts_from_the_top(
    running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    pass_time(running, minutes=30)
    operations.unacknowledge(actor=alice, alert=alert)
    drain()
    assert [(who, level) for who, _, level, _ in asked(running)] == [("Alice", 0), ("Alice", 0)]
    assert list(Page.objects.order_by("id").values_list("epoch", flat=True)) == [1, 3]


# Ending it


def test_a_resolved_alert_asks_nobody(running: Escalation, alert: Alert, alice: User) -> None:
    operations.page_by_hand(actor=alice, alert=alert, user=cast.carol(), message="Look at the database")
    drain()
    assert operations.resolve(alert=alert, actor=alice)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"closed"}
    assert {state for _, state in states()} == {"suppressed"}
    assert not operations.resolve(alert=alert, actor=alice)


def test_many_alerts_end_together(policy: Policy) -> None:
    found = [cast.alert(f"Alert {n}") for n in range(3)]
    for each in found:
        cast.escalation(each, policy)
    drain()
    for each in found[:2]:
        alerts.resolve_alert(each.pk, actor=None)
    assert operations.end_many([each.pk for each in found[:2]], resolved=True) == 2
    assert list(Escalation.objects.order_by("id").values_list("status", flat=True)) == [
        "closed",
        "closed",
        "escalating",
    ]
    assert operations.end_many([found[2].pk], resolved=False) == 1
    assert Escalation.objects.get(alert=found[2]).status == "acknowledged"
    assert operations.end_many([], resolved=True) == 0


# Handing it on


def test_passing_it_on_asks_the_next_level_now_and_takes_back_what_waits(
    running: Escalation, alert: Alert, alice: User
) -> None:
    assert operations.escalate_now(actor=alice, alert=alert)
    drain()
    assert asked(running) == [("Alice", 0, 0, "suppressed"), ("Bob", 0, 1, "pending")]
    assert states() == [("alice@example.com", "suppressed"), ("bob@example.com", "pending")]
    assert "escalation.passed_on" in names()
    running.refresh_from_db()
    assert (running.epoch, running.level) == (2, 0)
    assert running.round == 1


def test_passing_it_on_three_times_in_a_row_passes_it_on_once(
    running: Escalation, alert: Alert, alice: User
) -> None:
    done = [operations.escalate_now(actor=alice, alert=alert, epoch=1) for _ in range(3)]
    drain()
    assert done == [True, False, False]
    assert len(asked(running)) == 2


def test_passing_on_what_somebody_has_gives_it_back(running: Escalation, alert: Alert, alice: User) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    operations.escalate_now(actor=alice, alert=alert)
    drain()
    alert.refresh_from_db()
    assert (alert.status, asked(running)[-1][0]) == ("triggered", "Bob")


def test_passing_on_what_everybody_was_asked_about_starts_from_the_top(
    running: Escalation, alert: Alert, alice: User
) -> None:
    for _ in range(2):
        pass_time(running, minutes=10)
        drain()
    running.refresh_from_db()
    assert running.status == "exhausted"
    operations.escalate_now(actor=alice, alert=alert)
    drain()
    assert asked(running)[-1][:3] == ("Alice", 0, 0)


def test_passing_it_on_goes_past_channels_to_a_person(alert: Alert, alice: User, bob: User) -> None:
    policy = cast.policy(
        (600, [alice]),
        (600, [cast.channel("ops@example.com", kind="email")]),
        (600, [bob]),
        name="With a room",
    )
    running = cast.escalation(alert, policy)
    drain()
    assert [str(user) for user in queries.asked_after(running, at=queries.now())] == ["Alice Example"]
    running.refresh_from_db()
    assert [str(user) for user in queries.asked_after(running, at=queries.now())] == ["Bob Example"]
    operations.escalate_now(actor=alice, alert=alert)
    drain()
    assert sorted(asked(running)) == [
        ("Alice", 0, 0, "suppressed"),
        ("Bob", 0, 2, "pending"),
        ("nobody", 0, 1, "suppressed"),
    ]
    assert running.pages.get(level=1).why == (
        "Level 2 of With a room. It was not asked: this was passed on, and it wakes nobody now."
    )


def test_where_channels_alone_are_left_passing_it_on_tells_them(alert: Alert, alice: User) -> None:
    policy = cast.policy(
        (600, [alice]), (600, [cast.channel("ops@example.com", kind="email")]), name="With a room"
    )
    running = cast.escalation(alert, policy)
    drain()
    operations.escalate_now(actor=alice, alert=alert)
    drain()
    assert asked(running)[-1] == ("nobody", 0, 1, "pending")


def test_what_nobody_escalates_cannot_be_passed_on(alert: Alert, alice: User) -> None:
    with pytest.raises(Refused, match="Nothing is being escalated here"):
        operations.escalate_now(actor=alice, alert=alert)


@pytest.mark.parametrize("to", ["person", "policy"])
def test_another_person_or_policy_is_asked_at_once(
    running: Escalation, alert: Alert, alice: User, to: str
) -> None:
    carol = cast.carol()
    other = cast.policy((60, [carol]), name="Database")
    operations.acknowledge(actor=alice, alert=alert)
    target = {"user": carol} if to == "person" else {"policy": other}
    started = operations.reassign(alert=alert, actor=alice, **target)
    drain()
    running.refresh_from_db()
    alert.refresh_from_db()
    assert (running.status, alert.status) == ("closed", "triggered")
    assert asked(Escalation.objects.get(pk=started)) == [("Carol", 0, 0, "pending")]
    assert "alert.reassigned" in names()
    why = Page.objects.get(user=carol).why
    assert why.startswith("Alice Example gave this to you." if to == "person" else "Level 1 of Database.")


def test_nothing_is_given_to_somebody_who_left(alert: Alert, alice: User) -> None:
    carol = cast.carol()
    carol.is_active = False
    carol.save()
    with pytest.raises(Refused, match="the account is closed"):
        operations.reassign(alert=alert, actor=alice, user=carol)


# Later


def test_a_snoozed_alert_asks_nobody_until_then_and_starts_from_the_top(
    running: Escalation, alert: Alert, alice: User
) -> None:
    until = operations.snooze(alert=alert, seconds=900, actor=alice)
    running.refresh_from_db()
    alert.refresh_from_db()
    assert (running.status, alert.snoozed_until) == ("snoozed", until)
    assert abs(until - queries.now() - timedelta(minutes=15)) < timedelta(seconds=5)
    assert states() == [("alice@example.com", "suppressed")]
    timer = Timer.objects.get()
    assert (timer.kind, timer.subject_id, timer.due_at) == ("oncall.unsnooze", alert.pk, until)
    Timer.objects.update(due_at=until - timedelta(minutes=20))
    timers.run_due()
    drain()
    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert [(who, level) for who, _, level, _ in asked(running)] == [("Alice", 0), ("Alice", 0)]


@pytest.mark.parametrize("then", ["resolved", "acknowledged", "snoozed again"])
def test_a_snooze_that_was_overtaken_wakes_nobody(
    running: Escalation, alert: Alert, alice: User, then: str
) -> None:
    operations.snooze(alert=alert, seconds=900, actor=alice)
    first = Timer.objects.get()
    if then == "resolved":
        operations.resolve(alert=alert, actor=alice)
    elif then == "acknowledged":
        operations.acknowledge(actor=alice, alert=alert)
    else:
        operations.snooze(alert=alert, seconds=3600, actor=alice)
    Timer.objects.filter(pk=first.pk).update(due_at=queries.now() - timedelta(minutes=1))
    timers.run_due()
    assert drain() == 0
    running.refresh_from_db()
    alert.refresh_from_db()
    expected = {"resolved": "closed", "acknowledged": "acknowledged", "snoozed again": "snoozed"}
    assert running.status == expected[then]
    assert Page.objects.count() == 1


def test_an_alert_given_back_while_it_is_snoozed_is_asked_about_again(
    running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    operations.snooze(alert=alert, seconds=900, actor=alice)
    assert operations.unacknowledge(actor=alice, alert=alert)
    running.refresh_from_db()
    alert.refresh_from_db()
    assert (running.status, running.epoch, alert.status, alert.snoozed_until) == (
        "escalating",
        4,
        "triggered",
        None,
    )


def test_asking_the_next_level_ends_a_snooze(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    operations.snooze(alert=alert, seconds=900, actor=alice)
    assert operations.escalate_now(alert=alert, actor=alice)
    drain()
    alert.refresh_from_db()
    assert alert.snoozed_until is None
    assert asked(running)[-1][0] == "Bob"


def test_who_took_the_incident_of_a_snoozed_alert_keeps_it_when_the_snooze_ends(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    incident = incidents.declare(title="Checkout fails", actor=None, severity=cast.severity())
    alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=None)
    until = operations.snooze(alert=alert, seconds=900, actor=alice)
    operations.acknowledge(actor=bob, incident=incident)
    Timer.objects.update(due_at=until - timedelta(minutes=20))
    timers.run_due()
    alert.refresh_from_db()
    running.refresh_from_db()
    assert (alert.status, alert.acknowledged_by, alert.snoozed_until) == ("acknowledged", bob, None)
    assert running.status == "acknowledged"


def test_what_has_ended_cannot_be_snoozed(running: Escalation, alert: Alert, alice: User) -> None:
    operations.resolve(alert=alert, actor=alice)
    with pytest.raises(Refused, match="has ended"):
        operations.snooze(alert=alert, seconds=60, actor=alice)


# By hand


def test_a_page_by_hand_asks_one_person_twice_and_then_tells_who_asked(alice: User, bob: User) -> None:
    ada = cast.ada()
    pk = operations.page_by_hand(actor=alice, user=bob, message="Can you look at the card processor?")
    running = Escalation.objects.get(pk=pk)
    drain()
    page = Page.objects.get()
    assert (page.user, page.message) == (bob, "Can you look at the card processor?")
    assert page.why.startswith("Alice Example pages you.")
    assert Message.objects.get().content["subject"] == (
        "Alice Example pages you: Can you look at the card processor? Ack in 5:00 or you are woken again."
    )
    event = Event.objects.get(name="page.requested")
    assert event.payload == {
        "escalation_id": pk,
        "alert_id": None,
        "incident_id": None,
        "whom": "Bob Example",
    }
    for _ in range(2):
        pass_time(running, minutes=5)
        drain()
    running.refresh_from_db()
    assert running.status == "exhausted"
    told = Message.objects.filter(client="oncall.alarm").values_list("user", flat=True)
    assert set(told) == {ada.pk, alice.pk}


def test_a_page_by_hand_goes_on_when_another_takes_the_alert(
    running: Escalation, alert: Alert, alice: User, bob: User
) -> None:
    carol = cast.carol()
    hand = Escalation.objects.get(pk=operations.page_by_hand(actor=alice, user=carol, alert=alert))
    drain()
    operations.acknowledge(actor=alice, alert=alert)
    hand.refresh_from_db()
    assert (hand.status, hand.by_hand) == ("escalating", True)
    page = Page.objects.select_related("escalation__alert__incident", "escalation__incident").get(user=carol)
    held = operations.acknowledge(actor=carol, page=page)
    assert (held.first, held.by) == (True, carol)
    alert.refresh_from_db()
    assert alert.acknowledged_by == alice


def test_who_answers_a_page_by_hand_is_part_of_the_incident(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice, private=True)
    operations.page_by_hand(actor=alice, user=bob, incident=incident, message="Join us")
    drain()
    page = Page.objects.select_related("escalation__incident").get()
    operations.acknowledge(actor=bob, page=page)
    assert incident.participants.filter(user=bob).exists()


@pytest.mark.parametrize("target", ["schedule", "team", "policy"])
def test_a_schedule_a_team_or_a_policy_can_be_paged_by_hand(alice: User, bob: User, target: str) -> None:
    targets: dict[str, object] = {
        "schedule": cast.always(bob),
        "team": cast.team(),
        "policy": cast.policy((60, [bob])),
    }
    operations.page_by_hand(actor=alice, message="Help", **{target: targets[target]})  # type: ignore[arg-type]
    drain()
    assert set(Page.objects.values_list("user__email", flat=True)) == (
        {"alice@example.com", "bob@example.com"} if target == "team" else {"bob@example.com"}
    )


@pytest.mark.parametrize("what", ["no words", "gone", "empty team"])
def test_a_page_by_hand_that_would_reach_nobody_is_refused(alice: User, bob: User, what: str) -> None:
    bob.is_active = False
    bob.save()
    targets: dict[str, dict[str, object]] = {
        "no words": {"user": alice, "message": "  "},
        "gone": {"user": bob, "message": "Help"},
        "empty team": {"team": cast.team("Nobody"), "message": "Help"},
    }
    with pytest.raises(Refused):
        operations.page_by_hand(actor=alice, **targets[what])  # type: ignore[arg-type]
    assert Escalation.objects.count() == 0


# What is no longer wanted is not sent


@pytest.mark.parametrize("why", ["acknowledged", "epoch", "left", "resolved"])
def test_the_guard_keeps_back_what_is_no_longer_wanted(
    running: Escalation, alert: Alert, alice: User, smtp: Smtp, why: str
) -> None:
    if why == "acknowledged":
        Escalation.objects.update(status="acknowledged", next_at=None)
    elif why == "epoch":
        Escalation.objects.update(epoch=7)
    elif why == "left":
        alice.is_active = False
        alice.save()
    else:
        Alert.objects.update(status="resolved")
    sending.send_due()
    assert smtp.mails == []
    reasons = {
        "acknowledged": "nobody needs to be asked any more: acknowledged",
        "epoch": "the page was overtaken: escalating",
        "left": "the person's account is closed",
        "resolved": "the alert is resolved",
    }
    message = Message.objects.get()
    assert (message.state, message.error) == ("suppressed", reasons[why])


def test_a_person_who_left_between_planning_and_sending_costs_no_waiting(
    running: Escalation, alice: User, smtp: Smtp
) -> None:
    alice.is_active = False
    alice.save()
    sending.send_due()
    drain()
    assert asked(running) == [("Alice", 0, 0, "failed"), ("Bob", 0, 1, "pending")]


def test_a_later_message_is_still_sent_when_everybody_was_asked(running: Escalation, smtp: Smtp) -> None:
    for _ in range(2):
        pass_time(running, minutes=10)
        drain()
    sending.send_due()
    assert sorted(mail.recipients for mail in smtp.mails) == [
        ["ada@example.com"],
        ["alice@example.com"],
        ["bob@example.com"],
    ]
