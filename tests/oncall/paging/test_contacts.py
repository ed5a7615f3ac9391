from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from core.errors import Refused
from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message
from oncall.paging import operations, queries, tokens
from oncall.paging.models import ContactMethod, NotificationRule, Page

if TYPE_CHECKING:
    from core.accounts.models import User
    from tests.peers import Smtp, WebhookSink

pytestmark = pytest.mark.django_db


def rules_of(user: User) -> list[tuple[str, str, int]]:
    rows = NotificationRule.objects.filter(user=user).order_by("urgency", "delay_seconds")
    return [(row.urgency, row.method.address, row.delay_seconds) for row in rows]


def test_the_sign_in_address_needs_no_code_and_becomes_the_rule(alice: User) -> None:
    added = operations.add_method(alice, channel="email", address=" Alice@Example.com ")
    assert (added.method.address, added.secret) == ("Alice@example.com", "")
    assert added.method.verified_at is not None
    assert Message.objects.count() == 0
    assert rules_of(alice) == [("high", "Alice@example.com", 0), ("low", "Alice@example.com", 0)]


def test_another_address_is_proven_by_the_code_that_is_sent_there(alice: User, smtp: Smtp) -> None:
    method = operations.add_method(alice, channel="email", address="alice@home.example").method
    assert method.verified_at is None
    assert rules_of(alice) == []
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.recipients == ["alice@home.example"]
    code = mail.subject.split()[0]
    assert f"here: {code}" in mail.text
    assert "/me/notifications/" in mail.text
    with pytest.raises(Refused, match="not the code"):
        operations.verify(method, code="aaaaaaaaaa")
    operations.verify(method, code=f" {code[:5].upper()}-{code[5:]} ")
    method.refresh_from_db()
    assert method.verified_at is not None
    assert rules_of(alice) == [("high", "alice@home.example", 0), ("low", "alice@home.example", 0)]


def test_the_second_method_changes_no_rule(alice: User) -> None:
    operations.ensure_default(alice)
    method = operations.add_method(alice, channel="email", address="alice@home.example").method
    operations.verify(method, code=tokens.code(method.pk, method.address, today()))
    assert {address for _, address, _ in rules_of(alice)} == {"alice@example.com"}


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def test_the_code_of_one_method_is_none_for_another(alice: User) -> None:
    first = operations.add_method(alice, channel="email", address="one@home.example").method
    second = operations.add_method(alice, channel="email", address="two@home.example").method
    with pytest.raises(Refused):
        operations.verify(second, code=tokens.code(first.pk, first.address, today()))


@pytest.mark.parametrize(
    ("channel", "address", "why"),
    [
        ("email", "nonsense", "e-mail address like"),
        ("email", "a@b\r\nBcc: c@d.example", "e-mail address like"),
        ("webhook", "ftp://example.com/", "must begin with https"),
        ("webhook", "http://10.0.0.1/", "private network"),
        ("carrier pigeon", "roof", "no such channel"),
    ],
)
def test_what_is_no_address_is_refused_in_words(alice: User, channel: str, address: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        operations.add_method(alice, channel=channel, address=address)
    assert ContactMethod.objects.count() == 0


def test_the_same_method_twice_is_refused(alice: User) -> None:
    operations.ensure_default(alice)
    with pytest.raises(Refused, match="already"):
        operations.add_method(alice, channel="email", address="alice@example.com")


def test_there_is_an_end_to_methods_and_to_codes(alice: User) -> None:
    for n in range(5):
        operations.add_method(alice, channel="email", address=f"a{n}@home.example")
    with pytest.raises(Refused, match="5 codes"):
        operations.add_method(alice, channel="email", address="more@home.example")
    with pytest.raises(Refused, match="5 codes"):
        operations.send_code(ContactMethod.objects.filter(user=alice)[0])
    ContactMethod.objects.bulk_create(
        ContactMethod(user=alice, channel="email", address=f"b{n}@home.example") for n in range(15)
    )
    with pytest.raises(Refused, match="20 contact methods"):
        operations.add_method(alice, channel="email", address="most@home.example")


def test_a_webhook_gets_a_secret_that_is_shown_once_and_kept_sealed(
    alice: User, webhook_sink: WebhookSink
) -> None:
    added = operations.add_method(alice, channel="webhook", address=webhook_sink.url)
    assert len(added.secret) >= 32
    stored = ContactMethod.objects.get().secret
    assert stored.startswith("sealed:")
    sending.send_due()
    (request,) = webhook_sink.requests
    assert "x-watchbill-signature" in request.headers
    own = operations.add_method(
        alice, channel="webhook", address=f"{webhook_sink.url}/2", secret="my own words"
    )
    assert own.secret == "my own words"


def test_a_code_that_cannot_be_sent_says_so_at_the_method(alice: User, smtp: Smtp) -> None:
    smtp.behave("550")
    method = operations.add_method(alice, channel="email", address="gone@home.example").method
    sending.send_due()
    method.refresh_from_db()
    assert method.last_error.startswith("The code could not be sent: ")


def test_an_unverified_method_cannot_be_turned_on_or_ruled_by(alice: User) -> None:
    method = operations.add_method(alice, channel="email", address="new@home.example").method
    for act in (
        lambda: operations.set_enabled(method, enabled=True),
        lambda: operations.add_rule(alice, urgency="high", method=method),
    ):
        with pytest.raises(Refused, match="Verify this contact method first"):
            act()


def test_changes_are_events_with_the_address_masked(alice: User) -> None:
    operations.ensure_default(alice)
    method = ContactMethod.objects.get()
    operations.set_enabled(method, enabled=False)
    operations.set_enabled(method, enabled=False)
    operations.remove_method(method)
    found = (
        Event.objects.filter(name="contact_method.changed").order_by("id").values_list("payload", flat=True)
    )
    assert [(fact["what"], fact["hint"]) for fact in found] == [
        ("added", "a•••@example.com"),
        ("disabled", "a•••@example.com"),
        ("removed", "a•••@example.com"),
    ]
    assert rules_of(alice) == []


def test_rules_are_added_once_and_taken_back(alice: User) -> None:
    operations.ensure_default(alice)
    method = ContactMethod.objects.get()
    rule = operations.add_rule(alice, urgency="high", method=method, delay_seconds=300)
    with pytest.raises(Refused, match="already"):
        operations.add_rule(alice, urgency="high", method=method, delay_seconds=300)
    assert ("high", "alice@example.com", 300) in rules_of(alice)
    operations.remove_rule(rule)
    assert ("high", "alice@example.com", 300) not in rules_of(alice)


def test_ensuring_the_default_twice_adds_it_once(alice: User) -> None:
    operations.ensure_default(alice)
    operations.ensure_default(alice)
    assert ContactMethod.objects.count() == 1


# The test page


def test_a_test_page_goes_the_real_way_and_its_result_is_seen(
    alice: User, smtp: Smtp, webhook_sink: WebhookSink
) -> None:
    operations.ensure_default(alice)
    hook = operations.add_method(alice, channel="webhook", address=webhook_sink.url).method
    ContactMethod.objects.filter(pk=hook.pk).update(verified_at="2026-01-01T00:00Z")
    Message.objects.all().delete()
    webhook_sink.answer(500)
    page = operations.send_test(alice)
    sending.send_due()
    (mail,) = smtp.mails
    assert mail.subject == "Test page from Watchbill. Nothing is wrong"
    assert tokens.url(page) in mail.text
    assert webhook_sink.requests[0].json["data"]["type"] == "test"
    reach = queries.reach(alice)
    assert reach.test is not None
    assert (reach.test.page.status, reach.problem) == ("sent", "")
    assert [(d.channel, d.state) for d in reach.test.deliveries] == [
        ("email", "accepted"),
        ("webhook", "pending"),
    ]


def test_a_test_page_that_no_method_takes_has_failed(alice: User, smtp: Smtp) -> None:
    operations.ensure_default(alice)
    smtp.behave("550")
    operations.send_test(alice)
    sending.send_due()
    assert Page.objects.get().status == "failed"
    assert queries.reach(alice).problem == "The last message failed on every contact method."


def test_without_a_method_the_test_goes_to_the_sign_in_address(alice: User, smtp: Smtp) -> None:
    operations.send_test(alice)
    sending.send_due()
    assert smtp.mails[0].recipients == ["alice@example.com"]
    assert "pages go to your sign-in e-mail alice@example.com" in queries.reach(alice).problem


def test_tests_do_not_pile_up(alice: User) -> None:
    operations.send_test(alice)
    with pytest.raises(Refused, match="on its way already"):
        operations.send_test(alice)
    assert Page.objects.count() == 1


def test_five_tests_an_hour_are_enough(alice: User, bob: User) -> None:
    for _ in range(5):
        operations.send_test(alice)
        Page.objects.update(created_at=F("created_at") - timedelta(seconds=20))
    with pytest.raises(Refused, match="5 test pages were sent within the hour"):
        operations.send_test(alice)
    operations.send_test(bob)
    Page.objects.filter(user=alice).update(created_at=F("created_at") - timedelta(hours=1))
    operations.send_test(alice)
