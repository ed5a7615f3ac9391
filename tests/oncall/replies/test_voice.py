from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.test import Client

from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from oncall.paging.models import ContactMethod, NotificationRule
from tests import cast
from tests.oncall.escalation.clock import asked, drain
from tests.twilio import Order, call_back, twiml

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from core.accounts.models import User
    from oncall.escalation.models import Escalation
    from tests.peers import Smtp
    from tests.twilio import Twilio

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    user = cast.alice()
    method = ContactMethod.objects.create(
        user=user, channel="voice", address="+4915112345678", verified_at="2026-01-01T00:00Z"
    )
    NotificationRule.objects.create(user=user, urgency="high", method=method)
    return user


@pytest.fixture
def running(alice: User, twilio: Twilio) -> Escalation:
    """Alice's telephone rings; Bob is next."""
    found = cast.escalation(cast.alert(), cast.policy((600, [alice]), (600, [cast.bob()])))
    drain()
    sending.send_due()
    return found


@pytest.fixture
def call(running: Escalation, twilio: Twilio) -> Order:
    return twilio.orders[0]


def press(call: Order, digits: str, *, sid: str = "", **more: str) -> ET.Element:
    """What the call goes on with after a key."""
    gather = twiml(call.fields["Twiml"]).find("Gather")
    assert gather is not None
    path = urlsplit(gather.attrib["action"]).path
    answer = call_back(Client(), path, CallSid=sid or call.sid, Digits=digits, **more)
    return twiml(answer.content)  # type: ignore[attr-defined]


def test_one_acknowledges(call: Order, running: Escalation, alice: User) -> None:
    assert press(call, "1").findtext("Say") == "Acknowledged: you have it. Nobody else will be asked."
    running.refresh_from_db()
    assert (running.status, running.acknowledged_by) == ("acknowledged", alice)


def test_a_recorded_key_does_nothing_when_it_is_played_again(
    call: Order, running: Escalation, alice: User
) -> None:
    press(call, "1")
    escalation.unacknowledge(actor=alice, alert=running.alert)
    assert press(call, "1").findtext("Say") == "This key was taken already. Goodbye."
    running.refresh_from_db()
    assert running.status == "escalating"
    # The same page by another call, which a lost answer of Twilio's makes, is answered anew.
    press(call, "1", sid="CA2")
    running.refresh_from_db()
    assert running.status == "acknowledged"


def test_two_passes_on(call: Order, running: Escalation) -> None:
    assert press(call, "2").findtext("Say") == "Passed on: the next level is asked now."
    drain()
    assert [row[:3] for row in asked(running)] == [("Alice", 0, 0), ("Bob", 0, 1)]


@pytest.mark.parametrize("digits", ["3", "12", "#", ""])
def test_any_other_key_is_asked_for_again(call: Order, running: Escalation, digits: str) -> None:
    answer = press(call, digits)
    assert answer.findtext("Gather/Say") == (
        "This key means nothing here. Press 1 to acknowledge. Press 2 to pass it on. Press star to hear it again."
    )
    running.refresh_from_db()
    assert running.status == "escalating"


def test_star_says_it_again(call: Order, running: Escalation) -> None:
    said = press(call, "*").findtext("Gather/Say")
    gathers = twiml(call.fields["Twiml"]).findall("Gather")
    assert said == gathers[1].findtext("Say")


def test_a_forged_key_changes_nothing(call: Order, running: Escalation) -> None:
    path = f"{call.callback}keys/"
    assert call_back(Client(), path, token="another", Digits="1").status_code == 403
    assert Client().post(path, {"Digits": "1"}).status_code == 403
    running.refresh_from_db()
    assert running.status == "escalating"


@pytest.mark.parametrize("word", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_took_is_followed_by_a_mail(
    call: Order, running: Escalation, smtp: Smtp, word: str
) -> None:
    for _ in range(2):
        assert call_back(Client(), call.callback, CallStatus=word).status_code == 204
    sending.send_due()
    assert [mail.recipients for mail in smtp.mails] == [["alice@example.com"]]
    assert list(Message.objects.order_by("id").values_list("channel", "state", "error")) == [
        ("voice", "failed", f"Twilio: {word}"),
        ("email", "accepted", ""),
    ]


def test_a_call_that_was_taken_is_delivered_and_still_waits_for_a_key(
    call: Order, running: Escalation
) -> None:
    for word in ("ringing", "in-progress", "completed", "failed"):
        call_back(Client(), call.callback, CallStatus=word)
    assert Message.objects.get().state == "delivered"
    assert asked(running) == [("Alice", 0, 0, "delivered")]
    running.refresh_from_db()
    assert running.status == "escalating"
