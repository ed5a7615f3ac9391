from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import get_resolver

from core.callbacks.replies import Reply
from core.channels import callback
from core.outbox import sending
from core.outbox.models import Attempt, Message
from tests.core.outbox.conftest import Sender, put
from tests.core.outbox.conftest import client_ as client_  # noqa: PLC0414 - a fixture
from tests.twilio import call_back, signature

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

    from tests.twilio import Order, Twilio

pytestmark = pytest.mark.django_db
REPLIES = "/callbacks/sms/replies/"


@pytest.fixture
def order(twilio: Twilio, client_: Sender) -> Order:
    """A text that Twilio took."""
    put(1, channel="sms", address="+4915112345678")
    sending.send_due()
    return twilio.orders[0]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("failed", "failed"),
        ("undelivered", "failed"),
        ("queued", "accepted"),
        ("sent", "accepted"),
        ("nonsense", "accepted"),
    ],
)
def test_what_became_of_a_text(web: Client, order: Order, word: str, state: str) -> None:
    answer = call_back(web, order.callback, MessageStatus=word, MessageSid=order.sid, ErrorCode="30003")
    assert answer.status_code == 204
    message = Message.objects.get()
    assert message.state == state
    if state != "accepted":
        assert Attempt.objects.latest("id").detail == f"Twilio: {word} (code 30003)"


def test_twice_is_once(web: Client, order: Order, client_: Sender) -> None:
    for _ in range(2):
        assert call_back(web, order.callback, MessageStatus="failed").status_code == 204
    assert client_.told == [(1, "accepted", False), (1, "failed", True)]


def test_the_steps_may_come_in_any_order(web: Client, order: Order) -> None:
    for word in ("delivered", "sent", "failed"):
        call_back(web, order.callback, MessageStatus=word)
    assert Message.objects.get().state == "delivered"


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"token": "another"}, "another's token"),
        ({"base": "https://127.0.0.1:8000"}, "another scheme"),
        ({"base": "http://evil.example"}, "another host"),
    ],
)
def test_what_twilio_did_not_sign_changes_nothing(
    web: Client, order: Order, forged: dict[str, str], why: str
) -> None:
    answer = call_back(web, order.callback, MessageStatus="failed", **forged)
    assert answer.status_code == 403, why
    assert Message.objects.get().state == "accepted"


@pytest.mark.parametrize("given", ["", "x", "AAAA", "ü"])
def test_a_missing_or_broken_signature_changes_nothing(web: Client, order: Order, given: str) -> None:
    headers = {"X-Twilio-Signature": given.encode().decode("latin-1")} if given else {}
    answer = web.post(order.callback, {"MessageStatus": "failed"}, headers=headers)
    assert answer.status_code == 403
    assert Message.objects.get().state == "accepted"


def test_a_signature_is_for_its_fields_and_its_address(web: Client, order: Order) -> None:
    good = signature(f"http://127.0.0.1:8000{order.callback}", {"MessageStatus": "sent"})
    headers = {"X-Twilio-Signature": good}
    assert web.post(order.callback, {"MessageStatus": "sent"}, headers=headers).status_code == 204
    for path, fields in [
        (order.callback, {"MessageStatus": "failed"}),
        (order.callback, {"MessageStatus": "sent", "More": "x"}),
        (f"{order.callback}?x=1", {"MessageStatus": "sent"}),
        (REPLIES, {"MessageStatus": "sent"}),
    ]:
        assert web.post(path, fields, headers=headers).status_code == 403, path
    assert Message.objects.get().state == "accepted"


def test_the_host_that_a_request_names_does_not_count(web: Client, order: Order, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    fields = {"MessageStatus": "failed"}
    signed = signature(f"http://evil.example{order.callback}", fields)
    headers = {"X-Twilio-Signature": signed, "Host": "evil.example"}
    assert web.post(order.callback, fields, headers=headers).status_code == 403


def test_without_a_token_nobody_is_believed(web: Client, order: Order, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    assert call_back(web, order.callback, token="", MessageStatus="failed").status_code == 403
    assert Message.objects.get().state == "accepted"


def test_a_guessed_message_is_not_found(web: Client, order: Order) -> None:
    for named in ("m1", "m1-aaaa", callback.name("m2").replace("m2", "m1")):
        answer = call_back(web, f"/callbacks/sms/{named}/", MessageStatus="failed")
        assert answer.status_code == 404
    assert Message.objects.get().state == "accepted"


def test_after_a_change_of_key_reports_still_find_their_message(
    web: Client, order: Order, settings: Settings
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, fifty characters or more, as they say 01234"
    assert call_back(web, order.callback, MessageStatus="delivered").status_code == 204
    assert Message.objects.get().state == "delivered"


def test_a_text_to_us_is_handed_over_and_answered(web: Client, twilio: Twilio, heard: list[Reply]) -> None:
    answer = call_back(web, REPLIES, From="+4915112345678", Body="Ack 471100", MessageSid="SM1")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.content == (  # type: ignore[attr-defined]
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Message>&lt;you&gt;</Message></Response>'
    )
    assert heard == [Reply(channel="sms", sender="+4915112345678", words="Ack 471100")]


def test_a_forged_text_is_not_heard(web: Client, twilio: Twilio, heard: list[Reply]) -> None:
    fields = {"From": "+4915112345678", "Body": "ack 471100"}
    assert call_back(web, REPLIES, token="another", **fields).status_code == 403
    assert heard == []


def test_every_call_back_wants_a_signature(web: Client, twilio: Twilio) -> None:
    ours = [
        pattern
        for pattern in get_resolver().url_patterns
        if "callbacks" in str(getattr(pattern, "namespace", ""))
    ]
    paths = [str(route.pattern) for group in ours for route in group.url_patterns]  # type: ignore[union-attr]
    assert "callbacks/sms/replies/" in paths
    for path in paths:
        url = "/" + path.replace("<str:message>", callback.name("m1"))
        # Discord itself tries whether a wrong signature is refused, with this status and no other.
        refused = 401 if path == "callbacks/discord/" else 403
        assert web.post(url, {"MessageStatus": "failed"}).status_code == refused, url
        assert web.get(url).status_code == 405, url
