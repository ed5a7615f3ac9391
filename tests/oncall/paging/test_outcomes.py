from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.events.models import Event
from core.outbox import claims, sending
from core.outbox.models import Message
from core.outbox.telling import outcome_of
from oncall.escalation import operations as escalation
from oncall.escalation.models import Escalation
from oncall.paging import operations, queries, tokens
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User
    from core.outbox.registry import Outcome
    from tests.peers import Smtp, WebhookSink

pytestmark = pytest.mark.django_db


def hook(user: User, sink: WebhookSink, *, delay: int | None = 0) -> ContactMethod:
    """A verified webhook of a person, with a rule for urgent pages unless `delay` is None."""
    method = ContactMethod.objects.create(
        user=user, channel="webhook", address=sink.url, verified_at="2026-01-01T00:00Z"
    )
    if delay is not None:
        NotificationRule.objects.create(user=user, urgency="high", method=method, delay_seconds=delay)
    return method


def mail(user: User, *, delay: int | None = 0) -> ContactMethod:
    """The sign-in e-mail of a person as a verified method."""
    method = ContactMethod.objects.create(
        user=user, channel="email", address=user.email, verified_at="2026-01-01T00:00Z"
    )
    if delay is not None:
        NotificationRule.objects.create(user=user, urgency="high", method=method, delay_seconds=delay)
    return method


def run(user: User, after: User) -> Escalation:
    found = cast.escalation(cast.alert(), cast.policy((600, [user]), (600, [after])))
    escalation.advance_due()
    return found


def outcome(message: Message, state: str, detail: str = "451 later") -> Outcome:
    return outcome_of(message, state, detail, fallback=state not in ("accepted", "delivered"))


def events(name: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(name=name).order_by("id").values_list("payload", flat=True))


def test_a_page_is_sent_when_its_first_channel_took_it(alice: User, bob: User, smtp: Smtp) -> None:
    method = mail(alice)
    running = run(alice, bob)
    sending.send_due()
    page = Page.objects.get()
    assert (page.status, page.sent_at is None, page.ended_at) == ("sent", False, None)
    assert events("page.sent") == [
        {
            "page_id": page.pk,
            "user_id": alice.pk,
            "alert_id": running.alert_id,
            "incident_id": None,
            "channel": "email",
        }
    ]
    method.refresh_from_db()
    assert method.last_ok_at is not None
    (mailed,) = smtp.mails
    assert mailed.recipients == ["alice@example.com"]
    assert mailed.subject == "Checkout API error rate above 5%. Ack in 10:00 or Bob is woken."
    assert f"/p/{tokens.make(page)}/" in mailed.text


def test_being_told_twice_changes_nothing(alice: User, bob: User) -> None:
    run(alice, bob)
    message = Message.objects.get()
    for state in ("accepted", "accepted", "delivered", "accepted"):
        escalation.hear([outcome(message, state)])
    assert Page.objects.get().status == "delivered"
    assert len(events("page.sent")) == 1


def test_the_next_method_is_tried_at_once_when_one_fails_for_good(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    broken = hook(alice, webhook_sink)
    mail(alice, delay=None)
    webhook_sink.answer(404)
    running = run(alice, bob)
    sending.send_due()
    assert [message.channel for message in Message.objects.order_by("id")] == ["webhook", "email"]
    second = Message.objects.get(channel="email")
    assert (second.fallback_of_id, second.state) == (Message.objects.get(channel="webhook").pk, "accepted")
    assert asked(running) == [("Alice", 0, 0, "sent")]
    broken.refresh_from_db()
    assert broken.last_error.startswith("HTTP 404")


def test_a_method_planned_for_later_is_brought_forward(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    mail(alice, delay=300)
    webhook_sink.answer(404)
    run(alice, bob)
    sending.send_due()
    assert Message.objects.count() == 2
    assert Message.objects.get(channel="email").state == "accepted"
    assert len(smtp.mails) == 1


def test_after_two_failures_for_now_the_next_method_is_tried_beside_it(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    mail(alice, delay=None)
    run(alice, bob)
    message = Message.objects.get()
    escalation.hear([outcome(message, "retrying")])
    assert list(Message.objects.order_by("id").values_list("channel", "state")) == [
        ("webhook", "pending"),
        ("email", "pending"),
    ]
    escalation.hear([outcome(message, "retrying")])
    assert Message.objects.count() == 2


def test_a_person_none_of_whose_methods_works_is_not_waited_for(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    webhook_sink.answer(410)
    smtp.behave("550")
    running = run(alice, bob)
    sending.send_due()
    page = Page.objects.get()
    assert (page.status, page.ended_at is None) == ("failed", False)
    failure = events("page.failed")[0]
    assert (failure["page_id"], failure["status"]) == (page.pk, "failed")
    assert str(failure["reason"]).startswith("email: ")
    assert drain() == 1
    assert asked(running)[1] == ("Bob", 0, 1, "pending")


def test_the_mail_server_is_down_and_the_next_level_is_asked_at_once(
    alice: User, bob: User, smtp: Smtp
) -> None:
    running = run(alice, bob)
    smtp.stop()
    for _ in range(2):
        sending.send_due()
        Message.objects.filter(state="pending").update(due_at="2026-01-01T00:00Z")
    page = Page.objects.get()
    assert (page.status, page.troubled_at is None, page.ended_at) == ("pending", False, None)
    assert drain() == 1
    assert asked(running) == [("Alice", 0, 0, "pending"), ("Bob", 0, 1, "pending")]
    running.refresh_from_db()
    assert running.next_at is not None
    # The mail server comes back: both are reached, late, and nothing was lost.
    smtp.start()
    Message.objects.filter(state="pending").update(due_at="2026-01-01T00:00Z")
    sending.send_due()
    assert asked(running) == [("Alice", 0, 0, "sent"), ("Bob", 0, 1, "sent")]
    assert Page.objects.filter(troubled_at__isnull=False).count() == 0


def test_everybody_of_a_level_must_be_lost_before_the_next_is_asked(
    alice: User, bob: User, smtp: Smtp
) -> None:
    carol = cast.carol()
    running = cast.escalation(cast.alert(), cast.policy((600, [alice, bob]), (600, [carol])))
    escalation.advance_due()
    first, second = Message.objects.order_by("id")
    escalation.hear([outcome(first, "retrying")])
    assert drain() == 0
    escalation.hear([outcome(second, "retrying")])
    assert drain() == 1
    assert asked(running)[-1][0] == "Carol"


def test_one_who_was_reached_is_waited_for_although_the_other_was_not(
    alice: User, bob: User, smtp: Smtp
) -> None:
    cast.escalation(cast.alert(), cast.policy((600, [alice, bob]), (600, [cast.carol()])))
    escalation.advance_due()
    first, second = Message.objects.order_by("id")
    escalation.hear([outcome(first, "accepted")])
    escalation.hear([outcome(second, "failed")])
    assert drain() == 0


def test_two_failures_of_one_page_in_one_breath_are_one_fallback(
    alice: User, bob: User, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    work = ContactMethod.objects.create(
        user=alice, channel="email", address="work@example.com", verified_at="2026-01-01T00:00Z"
    )
    NotificationRule.objects.create(user=alice, urgency="high", method=work, delay_seconds=0)
    run(alice, bob)
    both = list(Message.objects.order_by("id"))
    escalation.hear([outcome(message, "retrying") for message in both])
    assert list(Message.objects.order_by("id").values_list("address", flat=True)[2:]) == ["alice@example.com"]
    assert Page.objects.get().troubled_at is None


@pytest.mark.parametrize(
    ("ends", "status"), [(["expired"], "expired"), (["unknown"], "unknown"), (["failed"], "failed")]
)
def test_how_a_page_ends_that_nobody_saw(alice: User, bob: User, ends: list[str], status: str) -> None:
    run(alice, bob)
    message = Message.objects.get()
    Message.objects.filter(pk=message.pk).update(state=ends[0])
    escalation.hear([outcome(message, ends[0], "gone")])
    page = Page.objects.get()
    assert (page.status, page.ended_at is None) == (status, False)
    assert events("page.failed")[0]["status"] == status


def test_a_message_that_arrives_after_its_page_was_given_up_counts(alice: User, bob: User) -> None:
    run(alice, bob)
    message = Message.objects.get()
    Message.objects.filter(pk=message.pk).update(state="unknown")
    escalation.hear([outcome(message, "unknown")])
    escalation.hear([outcome(message, "accepted")])
    assert (Page.objects.get().status, Page.objects.get().ended_at) == ("sent", None)


def test_a_method_disabled_after_planning_is_replaced_at_once(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    method = hook(alice, webhook_sink)
    mail(alice, delay=None)
    run(alice, bob)
    operations.set_enabled(method, enabled=False)
    for _ in range(2):
        sending.send_due()
    assert webhook_sink.requests == []
    assert list(Message.objects.order_by("id").values_list("channel", "state", "error")) == [
        ("webhook", "suppressed", "the contact method was disabled"),
        ("email", "accepted", ""),
    ]


def test_a_removed_method_is_replaced_at_once(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    method = hook(alice, webhook_sink)
    run(alice, bob)
    operations.remove_method(method)
    for _ in range(2):
        sending.send_due()
    assert Message.objects.get(channel="email").state == "accepted"
    assert Message.objects.get(channel="webhook").error == "the contact method was removed"


def test_the_webhook_carries_the_page_as_data_and_is_signed(
    alice: User, bob: User, webhook_sink: WebhookSink
) -> None:
    added = operations.add_method(alice, channel="webhook", address=webhook_sink.url)
    ContactMethod.objects.update(verified_at="2026-01-01T00:00Z")
    Message.objects.all().delete()
    running = run(alice, bob)
    sending.send_due()
    (request,) = webhook_sink.requests
    page = Page.objects.get()
    assert request.json["data"]["page"] == str(page.pk)
    assert request.json["data"]["alert"]["id"] == str(running.alert_id)
    assert request.json["data"]["next"] == ["Bob Example"]
    assert "x-watchbill-signature" in request.headers
    assert request.headers["idempotency-key"] == f"page-{page.pk}-0"
    assert added.secret not in request.body.decode()
    assert added.secret not in str(ContactMethod.objects.values_list("secret", flat=True)[0])


def test_a_message_that_goes_out_late_says_who_is_next_by_then(alice: User, bob: User, smtp: Smtp) -> None:
    method = mail(alice, delay=300)
    run(alice, bob)
    message = Message.objects.get()
    assert message.content["method"] == method.pk
    escalation.escalate_now(actor=bob, alert=Escalation.objects.get().alert)
    drain()
    carol = Message.objects.order_by("-id").first()
    assert carol is not None
    Message.objects.filter(pk=carol.pk).update(created_at="2026-01-01T00:00Z")
    claimed = claims.claim(claims.Room(10, 10), owner="test")
    content = sending.content_of(claimed[0])
    assert content.subject.endswith("; nobody is asked after you.")
    assert content.url in content.text
    assert content.data["next"] == []


def test_a_pager_whose_clock_is_wrong_says_and_notes_the_same(
    alice: User,
    bob: User,
    smtp: Smtp,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    mail(alice)
    run(alice, bob)
    present = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: present + timedelta(hours=1))
    (message,) = claims.claim(claims.Room(10, 10), owner="test")
    with django_assert_num_queries(0):  # it is not an hour old, so its words still hold
        sending.content_of(message)
    claims.release([message])
    sending.send_due()
    sent_at = Page.objects.get().sent_at
    assert sent_at is not None
    assert abs(sent_at - present) < timedelta(minutes=5)


def test_the_ledger_has_who_why_when_and_each_try(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    mail(alice, delay=None)
    webhook_sink.answer(404)
    running = run(alice, bob)
    sending.send_due()
    (entry,) = queries.ledger(bob, alert=running.alert)
    assert (entry.page.user, entry.page.status) == (alice, "sent")
    assert entry.page.why == "Level 1 of Engineering."
    first, second = entry.deliveries
    assert (first.channel_name, first.address_hint, first.state, first.instead) == (
        "Webhook",
        f"http://127.0.0.1:{webhook_sink.port}/•••",
        "failed",
        False,
    )
    assert (second.channel_name, second.address_hint, second.state, second.instead) == (
        "E-mail",
        "a•••@example.com",
        "accepted",
        True,
    )
    assert [(attempt.outcome, attempt.detail) for attempt in first.attempts] == [("permanent", "HTTP 404")]
    assert [attempt.outcome for attempt in second.attempts] == ["accepted"]


def test_the_ledger_of_many_pages_takes_as_many_queries_as_of_one(
    alice: User, bob: User, django_assert_num_queries: object
) -> None:
    for n in range(8):
        cast.escalation(cast.alert(f"Alert {n}"), cast.policy((60, [alice, bob]), name=f"Policy {n}"))
    drain()
    with django_assert_num_queries(3):  # type: ignore[operator]
        found = queries.ledger(alice, user=alice)
        assert len([delivery for entry in found for delivery in entry.deliveries]) == 8


def test_pages_about_a_private_incident_are_for_its_people(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice, private=True)
    mallory = cast.mallory()
    escalation.page_by_hand(actor=alice, user=bob, incident=incident, message="Breach")
    drain()
    assert [len(queries.ledger(user, incident=incident)) for user in (alice, bob, mallory)] == [1, 1, 0]
    assert "Breach" not in str(Message.objects.get().content)


def test_a_receipt_that_says_it_failed_tries_the_next_method(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    mail(alice, delay=None)
    running = run(alice, bob)
    sending.send_due()
    message = Message.objects.get()
    Message.objects.update(state="failed")
    for state in ("failed", "failed"):
        escalation.hear([outcome(message, state, "the number is not in service")])
    assert [each.channel for each in Message.objects.order_by("id")] == ["webhook", "email"]
    assert asked(running) == [("Alice", 0, 0, "pending")]
    sending.send_due()
    assert asked(running) == [("Alice", 0, 0, "sent")]
    assert len(events("page.sent")) == 1


def test_a_missing_receipt_changes_nothing_where_another_method_reached(
    alice: User, bob: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    mail(alice)
    running = run(alice, bob)
    sending.send_due()
    message = Message.objects.get(channel="webhook")
    Message.objects.filter(pk=message.pk).update(state="no_receipt")
    escalation.hear([outcome(message, "no_receipt", "nothing was said")])
    assert Message.objects.count() == 2
    assert asked(running) == [("Alice", 0, 0, "sent")]
    assert ContactMethod.objects.get(channel="webhook").last_error == "nothing was said"


def test_without_another_method_a_missing_receipt_asks_the_next_level_now(
    alice: User, bob: User, webhook_sink: WebhookSink
) -> None:
    alice.email = ""
    alice.save(update_fields=["email"])
    hook(alice, webhook_sink)
    running = run(alice, bob)
    sending.send_due()
    message = Message.objects.get(user=alice)
    Message.objects.filter(pk=message.pk).update(state="no_receipt")
    escalation.hear([outcome(message, "no_receipt")])
    drain()
    assert asked(running) == [("Alice", 0, 0, "unknown"), ("Bob", 0, 1, "pending")]
    escalation.hear([outcome(message, "delivered", "")])
    assert asked(running)[0] == ("Alice", 0, 0, "delivered")


def test_a_missing_receipt_of_a_page_that_is_acknowledged_is_no_matter(
    alice: User, bob: User, webhook_sink: WebhookSink
) -> None:
    hook(alice, webhook_sink)
    running = run(alice, bob)
    sending.send_due()
    message = Message.objects.get()
    escalation.acknowledge(actor=alice, page=Page.objects.select_related("escalation__alert").get())
    Message.objects.filter(pk=message.pk).update(state="no_receipt")
    escalation.hear([outcome(message, "no_receipt")])
    assert asked(running) == [("Alice", 0, 0, "acknowledged")]
    assert Message.objects.count() == 1
