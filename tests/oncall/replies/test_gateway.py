"""Pages by a gateway for texts and calls, from the alert to what is answered."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from oncall.paging import tokens
from oncall.paging.models import ContactMethod, NotificationRule, Page
from tests import cast
from tests.core.channels.servers.gateway import VOICE_SECRET, post, report, signature
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.models import Escalation
    from tests.core.channels.servers.gateway import Gateway
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
ALICES, BOBS = "+4915112345678", "+14155552671"
TEXTS = "/callbacks/gateway/sms/replies/"
TAKEN = "Acknowledged: you have it. Nobody else will be asked."


def reached(user: User, channel: str, number: str) -> User:
    """A person with a verified telephone and a rule for urgent pages."""
    method = ContactMethod.objects.create(
        user=user, channel=channel, address=number, verified_at="2026-01-01T00:00Z"
    )
    NotificationRule.objects.create(user=user, urgency="high", method=method)
    return user


def paged(channel: str) -> Escalation:
    """Alice is paged by this channel; Bob is next."""
    alice, bob = reached(cast.alice(), channel, ALICES), reached(cast.bob(), channel, BOBS)
    found = cast.escalation(cast.alert(), cast.policy((600, [alice]), (600, [bob])))
    drain()
    sending.send_due()
    return found


@pytest.fixture
def ringing(carrier: Gateway) -> Escalation:
    return paged("voice")


@pytest.fixture
def texted(carrier: Gateway) -> Escalation:
    return paged("sms")


def press(ring: dict[str, str], key: str) -> tuple[str, str]:
    """What the call goes on with after a key, and which keys are heard then."""
    answer: Any = report(Client(), ring["callback"], {"id": ring["id"], "key": key})
    told = json.loads(answer.content)
    return told["text"], told["keys"]


def says(number: str, words: str, name: str) -> str | None:
    """What somebody gets back who sends the gateway a text."""
    answer: Any = report(Client(), TEXTS, {"id": name, "from": number, "text": words})
    found: str | None = json.loads(answer.content).get("text")
    return found


def code_of(user: User) -> str:
    return tokens.reply_code(Page.objects.get(user=user))


def test_one_acknowledges(carrier: Gateway, ringing: Escalation) -> None:
    assert press(carrier.rings[0], "1") == (TAKEN, "")
    ringing.refresh_from_db()
    assert (ringing.status, str(ringing.acknowledged_by)) == ("acknowledged", "Alice Example")


def test_two_passes_on_and_who_was_passed_over_cannot_do_so_again(
    carrier: Gateway, ringing: Escalation
) -> None:
    assert press(carrier.rings[0], "2") == ("Passed on: the next level is asked now.", "")
    drain()
    sending.send_due()
    assert [ring["to"] for ring in carrier.rings] == [ALICES, BOBS]
    assert press(carrier.rings[0], "2") == ("Nothing was done: this page is over.", "")


def test_star_says_it_again(carrier: Gateway, ringing: Escalation) -> None:
    words, keys = press(carrier.rings[0], "*")
    assert keys == "12*"
    assert words.startswith("I repeat. ")
    assert words in carrier.rings[0]["text"]
    assert press(carrier.rings[0], "*")[1] == "12*"


def test_any_other_key_is_asked_for_again(carrier: Gateway, ringing: Escalation) -> None:
    for key in ("3", "12", "#"):
        words, keys = press(carrier.rings[0], key)
        assert (words.split(".")[0], keys) == ("This key means nothing here", "12*")
    ringing.refresh_from_db()
    assert ringing.status == "escalating"


def test_what_was_pressed_once_does_not_take_it_again_after_it_was_given_back(
    carrier: Gateway, ringing: Escalation
) -> None:
    ring = carrier.rings[0]
    path, body = urlsplit(ring["callback"]).path, json.dumps({"id": ring["id"], "key": "1"}).encode()
    signed = signature(body, secret=VOICE_SECRET, at=int(time.time()))
    assert post(Client(), path, body, signed).status_code == 200
    ringing.refresh_from_db()
    escalation.unacknowledge(actor=ringing.acknowledged_by, alert=ringing.alert)
    assert post(Client(), path, body, signed).status_code == 403
    ringing.refresh_from_db()
    assert ringing.status == "escalating"


def test_a_forged_key_and_a_key_for_anothers_page_change_nothing(
    carrier: Gateway, ringing: Escalation
) -> None:
    ring, said = carrier.rings[0], {"id": carrier.rings[0]["id"], "key": "1"}
    assert report(Client(), ring["callback"], said, secret="another").status_code == 403
    assert report(Client(), ring["callback"], {**said, "id": "page-1-0"}).status_code == 404
    ringing.refresh_from_db()
    assert ringing.status == "escalating"


def test_a_text_is_no_call(carrier: Gateway, texted: Escalation) -> None:
    text = carrier.texts[0]
    stray = {"id": text["id"], "callback": text["callback"].replace("/sms/", "/voice/")}
    assert press(stray, "1")[0].startswith("This key means nothing here")
    assert press(stray, "*")[0].startswith("This key means nothing here")
    texted.refresh_from_db()
    assert texted.status == "escalating"


def test_a_call_that_nobody_took_is_followed_by_one_mail(
    carrier: Gateway, ringing: Escalation, smtp: Smtp
) -> None:
    ring = carrier.rings[0]
    for word in ("ringing", "no-answer", "no-answer", "busy"):
        answer = report(Client(), ring["callback"], {"id": ring["id"], "status": word})
        assert answer.status_code == 204
    sending.send_due()
    call, mail = Message.objects.order_by("id")
    assert (call.state, call.error, mail.state) == ("failed", "the gateway: no-answer", "accepted")
    assert len(smtp.mails) == 1


def test_a_text_is_answered(carrier: Gateway, texted: Escalation) -> None:
    alice = Page.objects.get().user
    assert alice is not None
    code = code_of(alice)
    assert f"\nReply ACK {code}\n" in carrier.texts[0]["text"]
    assert says("+19005550000", f"ack {code}", "in-1") is None
    assert says(BOBS, f"ack {code}", "in-2") == f"Nothing was done: no page of yours has the code {code}."
    assert says("004915112345678", f"ack {code}", "in-3") == TAKEN
    assert asked(texted) == [("Alice", 0, 0, "acknowledged")]


def test_a_text_that_is_handed_over_late_again_takes_nothing(carrier: Gateway, texted: Escalation) -> None:
    alice = Page.objects.get().user
    assert alice is not None
    words = f"ack {code_of(alice)}"
    assert says(ALICES, words, "in-1") == TAKEN
    escalation.unacknowledge(actor=alice, alert=texted.alert)
    assert says(ALICES, words, "in-1") is None
    texted.refresh_from_db()
    assert texted.status == "escalating"
    assert says(ALICES, words, "in-2") == TAKEN


def test_a_text_that_never_arrives_is_followed_by_a_mail(
    carrier: Gateway, texted: Escalation, smtp: Smtp
) -> None:
    text = carrier.texts[0]
    said = {"id": text["id"], "status": "undelivered", "detail": "absent subscriber"}
    assert report(Client(), text["callback"], said).status_code == 204
    sending.send_due()
    assert [mail.recipients for mail in smtp.mails] == [["alice@example.com"]]
    assert asked(texted) == [("Alice", 0, 0, "sent")]
