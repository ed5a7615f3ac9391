from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.test import Client

from core.events.models import Event
from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from oncall.paging import operations as paging
from oncall.paging import tokens
from oncall.paging.models import ContactMethod, NotificationRule, Page
from oncall.replies import rules
from oncall.replies.rules import Verb, Wish
from tests import cast
from tests.oncall.escalation.clock import asked, drain
from tests.twilio import call_back

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.models import Escalation
    from tests.peers import Smtp
    from tests.twilio import Twilio

pytestmark = pytest.mark.django_db
ALICES, BOBS = "+4915112345678", "+14155552671"


def phone(user: User, number: str) -> ContactMethod:
    """A verified telephone with a rule for urgent pages."""
    method = ContactMethod.objects.create(
        user=user, channel="sms", address=number, verified_at="2026-01-01T00:00Z"
    )
    NotificationRule.objects.create(user=user, urgency="high", method=method)
    return method


@pytest.fixture
def alice() -> User:
    user = cast.alice()
    phone(user, ALICES)
    return user


@pytest.fixture
def bob() -> User:
    user = cast.bob()
    phone(user, BOBS)
    return user


@pytest.fixture
def running(alice: User, bob: User, twilio: Twilio) -> Escalation:
    """Alice is being paged by a text; Bob is next."""
    found = cast.escalation(cast.alert(), cast.policy((600, [alice]), (600, [bob])))
    drain()
    sending.send_due()
    return found


def says(number: str, words: str, *, sid: str = "") -> str:
    """What somebody gets back who sends us a text."""
    sid = sid or f"SM{secrets.token_hex(16)}"
    answer = call_back(Client(), "/callbacks/sms/replies/", From=number, Body=words, MessageSid=sid)
    text = answer.content.decode()  # type: ignore[attr-defined]
    inside = text.split("<Response>")[1].split("</Response>")[0]
    return str(inside.removeprefix("<Message>").removesuffix("</Message>"))


def code_of(user: User) -> str:
    return tokens.reply_code(Page.objects.get(user=user))


def test_the_text_carries_the_code_and_its_answer_acknowledges(
    running: Escalation, twilio: Twilio, alice: User
) -> None:
    (order,) = twilio.orders
    code = code_of(alice)
    assert order.fields["To"] == ALICES
    assert f"\nReply ACK {code}\n" in order.fields["Body"]
    assert says(ALICES, f"ack {code}") == "Acknowledged: you have it. Nobody else will be asked."
    running.refresh_from_db()
    assert (running.status, running.acknowledged_by) == ("acknowledged", alice)
    assert asked(running) == [("Alice", 0, 0, "acknowledged")]


def test_three_times_is_once(running: Escalation, alice: User) -> None:
    words = {says(ALICES, f"ACK {code_of(alice)}") for _ in range(3)}
    assert words == {"Acknowledged: you have it. Nobody else will be asked."}
    assert Event.objects.filter(name="alert.acknowledged").count() == 1


def test_a_recorded_text_does_nothing_when_it_is_played_again(running: Escalation, alice: User) -> None:
    words = f"ACK {code_of(alice)}"
    says(ALICES, words, sid="SM1")
    escalation.unacknowledge(actor=alice, alert=running.alert)
    assert says(ALICES, words, sid="SM1") == ""
    running.refresh_from_db()
    assert running.status == "escalating"


def test_the_number_and_the_code_must_belong_together(running: Escalation, alice: User, bob: User) -> None:
    code = code_of(alice)
    assert says(BOBS, f"ack {code}") == f"Nothing was done: no page of yours has the code {code}."
    other = f"{(int(code) + 1) % 1_000_000:06}"
    assert says(ALICES, f"ack {other}") == f"Nothing was done: no page of yours has the code {other}."
    running.refresh_from_db()
    assert running.status == "escalating"


def test_a_stranger_is_not_answered(running: Escalation, alice: User) -> None:
    assert says("+19005550000", f"ack {code_of(alice)}") == ""
    running.refresh_from_db()
    assert running.status == "escalating"


@pytest.mark.parametrize("change", [{"verified_at": None}, {"is_enabled": False}])
def test_a_number_that_pages_do_not_go_to_has_no_say(
    running: Escalation, alice: User, change: dict[str, object]
) -> None:
    ContactMethod.objects.filter(address=ALICES).update(**change)
    assert says(ALICES, f"ack {code_of(alice)}") == ""
    running.refresh_from_db()
    assert running.status == "escalating"


def test_words_without_a_meaning_are_explained(running: Escalation) -> None:
    assert says(ALICES, "what is it?").startswith("Nothing was done. Answer ACK")


def test_a_page_is_passed_on_once(running: Escalation, alice: User, bob: User) -> None:
    code = code_of(alice)
    assert says(ALICES, f"Pass {code}") == "Passed on: the next level is asked now."
    drain()
    assert [row[:3] for row in asked(running)] == [("Alice", 0, 0), ("Bob", 0, 1)]
    assert says(ALICES, f"pass {code}") == "Nothing was done: this page is over."
    drain()
    assert len(asked(running)) == 2


def test_who_comes_second_is_told_who_has_it(running: Escalation, alice: User, bob: User) -> None:
    escalation.acknowledge(actor=bob, alert=running.alert)
    assert says(ALICES, f"ack {code_of(alice)}") == "Nothing to do: Bob Example has it."


def test_what_is_over_is_over(running: Escalation, alice: User) -> None:
    assert running.alert is not None
    escalation.resolve(alert=running.alert, actor=None)
    assert says(ALICES, f"ack {code_of(alice)}") == "Nothing to do: it is over."


def test_a_code_is_forgotten_a_day_after_its_page_ended(running: Escalation, alice: User) -> None:
    code = code_of(alice)
    Page.objects.update(created_at=F("created_at") - timedelta(hours=25))
    assert says(ALICES, f"ack {code}").startswith("Acknowledged")
    assert says(ALICES, f"ack {code}").startswith("Nothing was done: no page")


def test_a_test_page_is_answered_the_same_way(alice: User, twilio: Twilio) -> None:
    page = paging.send_test(alice)
    sending.send_due()
    assert says(ALICES, f"ack {tokens.reply_code(page)}") == "The test page reached you."
    assert Page.objects.get().status == "acknowledged"


def test_a_text_that_never_arrives_is_followed_by_a_mail(
    running: Escalation, twilio: Twilio, smtp: Smtp, alice: User
) -> None:
    answer = call_back(Client(), twilio.orders[0].callback, MessageStatus="undelivered", ErrorCode="30003")
    assert answer.status_code == 204
    sending.send_due()
    assert [mail.recipients for mail in smtp.mails] == [["alice@example.com"]]
    states = list(Message.objects.order_by("id").values_list("channel", "state"))
    assert states == [("sms", "failed"), ("email", "accepted")]
    assert ContactMethod.objects.get(user=alice).last_error == "Twilio: undelivered (code 30003)"
    assert asked(running) == [("Alice", 0, 0, "sent")]


def test_a_number_is_verified_by_a_code_that_is_sent_there(alice: User, twilio: Twilio) -> None:
    added = paging.add_method(alice, channel="sms", address="+44 7700 900123")
    sending.send_due()
    body = twilio.orders[0].fields["Body"]
    assert body.endswith(" is your code for pages from Watchbill")
    paging.verify(added.method, code=body.split()[0])
    added.method.refresh_from_db()
    assert added.method.verified_at is not None


def test_a_number_gets_five_codes_an_hour_whoever_asks(alice: User, bob: User, twilio: Twilio) -> None:
    number = "+447700900123"
    mine = paging.add_method(alice, channel="sms", address=number).method
    for _ in range(4):
        paging.send_code(mine)
    with pytest.raises(paging.TooManyCodes):
        paging.add_method(bob, channel="sms", address=number)
    assert not ContactMethod.objects.filter(user=bob, address=number).exists()


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("ack 471100", Wish(Verb.ACKNOWLEDGE, "471100")),
        ("ACK471100", Wish(Verb.ACKNOWLEDGE, "471100")),
        (' "Ack: 471100." ', Wish(Verb.ACKNOWLEDGE, "471100")),
        ("Acknowledge 471100 thanks", Wish(Verb.ACKNOWLEDGE, "471100")),
        ("pass 000001", Wish(Verb.HAND_ON, "000001")),
        ("escalate 471100", Wish(Verb.HAND_ON, "471100")),
        ("ack", None),
        ("ack 4711", None),
        ("ack 4711001", None),
        ("471100", None),
        ("do not ack 471100", None),
        ("stop 471100", None),
        ("ack \uff14\uff17\uff11\uff11\uff10\uff10", None),
        ("", None),
    ],
)
def test_what_a_text_means(words: str, wish: Wish | None) -> None:
    assert rules.from_text(words) == wish
