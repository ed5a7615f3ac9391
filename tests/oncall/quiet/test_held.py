from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from core.accounts import operations as accounts
from core.events import bus
from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message, State
from core.outbox.telling import outcome_of
from oncall.escalation import operations, queries
from oncall.paging import operations as paging
from oncall.paging.models import Page
from oncall.quiet import operations as quiet
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.outbox.registry import Outcome
    from oncall.escalation.models import Escalation
    from oncall.models import Policy
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> User:
    """Somebody whose quiet hours have begun and end in the next hour but one."""
    user = cast.bob()
    paging.ensure_default(user)
    now = timezone.now()
    begin, end = now - timedelta(hours=2), now + timedelta(hours=2)
    quiet.add_hours(
        user, weekdays=range(7), start=time(begin.hour, begin.minute), end=time(end.hour, end.minute)
    )
    return user


@pytest.fixture
def policy(bob: User) -> Policy:
    return cast.policy((600, [bob]), (600, [cast.carol()]))


def low(title: str, policy: Policy) -> Escalation:
    running = cast.escalation(cast.alert(title, urgency="low"), policy, urgency="low")
    drain()
    running.refresh_from_db()
    return running


def morning() -> datetime:
    """Let the quiet hours of everybody's pages be over."""
    (until,) = set(Page.objects.exclude(held_until=None).values_list("held_until", flat=True))
    assert until is not None
    Message.objects.filter(client="oncall.held").update(due_at=F("due_at") - timedelta(hours=3))
    return until


def outcome(message: Message, state: str) -> Outcome:
    return outcome_of(message, state, "550 no such mailbox", fallback=state == "retrying")


def test_low_urgency_waits_and_comes_as_one_message(policy: Policy, bob: User, smtp: Smtp) -> None:
    for n in range(3):
        low(f"Disk {n} is filling", policy)
    (message,) = Message.objects.filter(client="oncall.held")
    until = Page.objects.earliest("pk").held_until
    assert until is not None
    assert abs(message.due_at - until) < timedelta(minutes=1)
    assert not Message.objects.filter(client="oncall.page").exists()
    page = Page.objects.earliest("pk")
    assert page.status == "pending"
    assert page.why.startswith("Level 1 of Engineering. Waits until ")
    assert page.why.endswith(": quiet hours.")
    assert sending.send_due() == 0
    morning()
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.subject == "3 pages of low urgency waited for the end of your quiet hours"
    assert [f"Disk {n} is filling" in mail.text for n in range(3)] == [True, True, True]
    assert mail.text.count("/p/") == 3
    assert set(Page.objects.values_list("status", flat=True)) == {"sent"}
    assert Event.objects.filter(name="page.sent").count() == 3


def test_what_comes_after_the_one_message_has_gone_comes_by_itself(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    low("Disk 1 is filling", policy)
    morning()
    sending.send_due()
    low("Disk 2 is filling", policy)
    sending.send_due()
    assert [mail.subject[:17] for mail in smtp.mails] == ["Disk 1 is filling", "Disk 2 is filling"]
    assert set(Page.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_the_one_message_waits_for_a_page_that_is_being_written(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    low("Disk 1 is filling", policy)
    morning()
    with transaction.atomic(), ThreadPoolExecutor(1) as another:
        low("Disk 2 is filling", policy)
        assert another.submit(_send_elsewhere).result() == 0
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.subject == "2 pages of low urgency waited for the end of your quiet hours"


def _send_elsewhere() -> int:
    try:
        return sending.send_due()
    finally:
        connection.close()


def test_one_page_that_waited_reads_like_any_other(policy: Policy, bob: User, smtp: Smtp) -> None:
    low("Disk 1 is filling", policy)
    morning()
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.subject.startswith("Disk 1 is filling")


def test_the_next_level_waits_as_long_as_the_first_does_not_know(policy: Policy, bob: User) -> None:
    running = low("Disk 1 is filling", policy)
    until = Page.objects.get().held_until
    assert until is not None
    assert running.next_at is not None
    assert abs(running.next_at - until - timedelta(minutes=10)) < timedelta(minutes=1)


def test_where_somebody_of_the_level_is_awake_nobody_else_is_waited_for(bob: User) -> None:
    policy = cast.policy((600, [bob, cast.carol()]), (600, [cast.alice()]))
    running = low("Disk 1 is filling", policy)
    assert running.next_at is not None
    assert running.next_at - queries.now() < timedelta(minutes=11)
    assert Message.objects.get(client="oncall.page").address == "carol@example.com"


def test_high_urgency_never_waits(policy: Policy, bob: User) -> None:
    running = cast.escalation(cast.alert(), policy)
    drain()
    page = Page.objects.get()
    assert (page.held_until, Message.objects.get().client) == (None, "oncall.page")
    assert asked(running) == [("Bob", 0, 0, "pending")]


def test_a_holiday_is_waited_for_too() -> None:
    carol = cast.carol()
    paging.ensure_default(carol)
    for day in (0, 1):
        quiet.add_holiday(carol, day=timezone.now().date() + timedelta(days=day))
    low("Disk 1 is filling", cast.policy((600, [carol])))
    until = Page.objects.get().held_until
    assert until is not None
    assert until - timezone.now() > timedelta(hours=24)


def test_what_was_taken_meanwhile_is_left_out_and_nothing_is_sent_for_nothing(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    first, second = low("Disk 1 is filling", policy), low("Disk 2 is filling", policy)
    assert first.alert is not None
    assert second.alert is not None
    operations.acknowledge(actor=bob, alert=first.alert)
    morning()
    operations.resolve(actor=bob, alert=second.alert)
    sending.send_due()
    message = Message.objects.get(client="oncall.held")
    assert (message.state, message.error, smtp.mails) == ("suppressed", "nothing waits any more", [])


def test_an_alert_asked_about_again_in_the_same_night_joins_the_same_message(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    running = low("Disk 1 is filling", policy)
    assert running.alert is not None
    operations.acknowledge(actor=bob, alert=running.alert)
    pass_time(running, minutes=30)
    operations.unacknowledge(actor=bob, alert=running.alert)
    drain()
    assert Message.objects.filter(client="oncall.held").count() == 1
    Message.objects.filter(client="oncall.held").update(due_at=F("due_at") - timedelta(hours=3))
    sending.send_due()
    assert len(smtp.mails) == 1
    assert list(Page.objects.order_by("pk").values_list("status", flat=True)) == ["acknowledged", "sent"]


@pytest.mark.parametrize("state", ["failed", "unknown", "expired"])
def test_when_the_one_message_fails_its_pages_go_out_one_by_one(
    policy: Policy, bob: User, state: str
) -> None:
    low("Disk 1 is filling", policy)
    low("Disk 2 is filling", policy)
    message = Message.objects.get(client="oncall.held")
    Message.objects.filter(pk=message.pk).update(state=state, ended_at=timezone.now())
    operations.hear_held([outcome(message, state)])
    operations.hear_held([outcome(message, state)])
    singly = Message.objects.filter(client="oncall.page").order_by("pk")
    assert [each.content["subject"].split(".")[0] for each in singly] == [
        "Disk 1 is filling",
        "Disk 2 is filling",
    ]
    assert {each.state for each in singly} == {State.PENDING}
    assert all(each.due_at <= queries.now() for each in singly)


def test_while_another_message_can_still_bring_them_pages_do_not_go_out_singly(
    policy: Policy, bob: User
) -> None:
    low("Disk 1 is filling", policy)
    message = Message.objects.get(client="oncall.held")
    Message.objects.create(
        key="held-by-another-method",
        client="oncall.held",
        subject_id=bob.pk,
        lane=1,
        channel="webhook",
        address="https://example.com/",
        user=bob,
        content=message.content,
        not_after=message.not_after,
    )
    operations.hear_held([outcome(message, "failed")])
    assert not Message.objects.filter(client="oncall.page").exists()


def test_a_failure_that_is_tried_again_changes_nothing(policy: Policy, bob: User) -> None:
    low("Disk 1 is filling", policy)
    operations.hear_held([outcome(Message.objects.get(), "retrying")])
    assert (Message.objects.count(), Page.objects.get().status) == (1, "pending")


def test_a_method_that_was_turned_off_sends_its_pages_another_way(
    policy: Policy, bob: User, smtp: Smtp
) -> None:
    low("Disk 1 is filling", policy)
    paging.set_enabled(bob.contact_methods.get(), enabled=False)
    morning()
    sending.send_due()
    assert list(Message.objects.order_by("pk").values_list("client", "state")) == [
        ("oncall.held", "suppressed"),
        ("oncall.page", "accepted"),
    ]
    assert [mail.subject.split(".")[0] for mail in smtp.mails] == ["Disk 1 is filling"]


def test_a_private_incident_is_not_named_in_the_list(bob: User, smtp: Smtp) -> None:
    policy = cast.policy((600, [bob]))
    incident = cast.incident("Breach at the bank", by=bob, private=True)
    cast.escalation(incident, policy, urgency="low")
    low("Disk 1 is filling", policy)
    morning()
    sending.send_due()
    assert "Breach" not in smtp.mails[0].text
    assert "You are being paged" in smtp.mails[0].text


def test_what_waits_goes_at_once_when_quiet_hours_are_removed(policy: Policy, bob: User, smtp: Smtp) -> None:
    running = low("Disk 1 is filling", policy)
    quiet.remove_hours(bob.quiet_hours.get())
    assert operations.replan_held(bob.pk) == 1
    page = Page.objects.get()
    assert page.held_until is None
    assert page.why == "Level 1 of Engineering. Their quiet hours were changed, so it waits no more."
    running.refresh_from_db()
    assert running.next_at is not None
    assert timedelta(minutes=9) < running.next_at - queries.now() < timedelta(minutes=11)
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.subject.startswith("Disk 1 is filling")
    Message.objects.filter(client="oncall.held").update(due_at=F("due_at") - timedelta(hours=3))
    sending.send_due()
    held = Message.objects.get(client="oncall.held")
    assert (held.state, held.error) == ("suppressed", "nothing waits any more")
    assert len(smtp.mails) == 1
    assert operations.replan_held(bob.pk) == 0


def test_what_waits_goes_at_once_where_the_clocks_of_another_zone_show_other_hours(
    policy: Policy, bob: User
) -> None:
    low("Disk 1 is filling", policy)
    bus.deliver_due()
    accounts.update_profile(bob, name=bob.name, time_zone="Etc/GMT-12")
    assert Event.objects.get(name="user.time_zone_changed").payload == {
        "user_id": bob.pk,
        "old": "UTC",
        "new": "Etc/GMT-12",
    }
    bus.deliver_due()
    page = Page.objects.get()
    assert page.held_until is None
    assert page.why == "Level 1 of Engineering. Their time zone was changed, so it waits no more."


def test_another_name_is_no_other_zone(policy: Policy, bob: User) -> None:
    accounts.update_profile(bob, name="Robert", time_zone=bob.time_zone)
    assert not Event.objects.filter(name="user.time_zone_changed").exists()


def test_what_waits_waits_longer_when_quiet_hours_grow(policy: Policy, bob: User) -> None:
    running = low("Disk 1 is filling", policy)
    before = Page.objects.get().held_until
    for day in (0, 1):
        quiet.add_holiday(bob, day=timezone.now().date() + timedelta(days=day))
    event = Event.objects.filter(name="notification_rules.changed").latest("id")
    assert event.payload["user_id"] == bob.pk
    assert operations.replan_held(bob.pk) == 1
    page = Page.objects.get()
    assert before is not None
    assert page.held_until is not None
    assert page.held_until > before + timedelta(hours=12)
    assert page.why.count("Waits until") == 1
    old, was = running.next_at, page.held_until - before
    running.refresh_from_db()
    assert old is not None
    assert running.next_at == old + was
    assert Message.objects.filter(client="oncall.held").count() == 2


def test_what_is_tried_waits_as_the_pager_does(policy: Policy, bob: User) -> None:
    at = queries.now()
    running = low("Disk 1 is filling", policy)
    told = queries.simulate(queries.policies(bob).get(pk=policy.pk), at=at, urgency="low")
    page = Page.objects.get()
    assert running.next_at is not None
    assert told[0].at == page.held_until
    assert told[0].why == page.why
    assert abs(told[1].at - running.next_at) < timedelta(seconds=5)
    high = queries.simulate(queries.policies(bob).get(pk=policy.pk), at=at, urgency="high")
    assert high[0].at == at
