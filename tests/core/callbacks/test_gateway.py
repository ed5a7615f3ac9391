from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from core.callbacks.models import Heard
from core.callbacks.replies import Reply
from core.channels import callback
from core.outbox import sending
from core.outbox.models import Attempt, Message
from tests.core.channels.servers.gateway import SMS_SECRET, VOICE_SECRET, post, report, signature
from tests.core.outbox.conftest import Sender, put
from tests.core.outbox.conftest import client_ as client_  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

    from tests.core.channels.servers.gateway import Gateway

pytestmark = pytest.mark.django_db
REPLIES = "/callbacks/gateway/sms/replies/"
TEXT = {"id": "in-1", "from": "+4915112345678", "text": "Ack 471100"}


def taken(channel: str, carrier: Gateway) -> dict[str, str]:
    """What was asked for last."""
    put(len(carrier.calls) + 1, channel=channel, address="+4915112345678")
    sending.send_due()
    said: dict[str, str] = carrier.calls[-1].said
    return said


@pytest.fixture
def text(carrier: Gateway, client_: Sender) -> dict[str, str]:
    """A text that the gateway took."""
    return taken("sms", carrier)


@pytest.fixture
def ring(carrier: Gateway, client_: Sender) -> dict[str, str]:
    """A call that the gateway took."""
    return taken("voice", carrier)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("delivered", "delivered"),
        ("failed", "failed"),
        ("undelivered", "failed"),
        ("sent", "accepted"),
        ("completed", "accepted"),
        ("nonsense", "accepted"),
    ],
)
def test_what_became_of_a_text(web: Client, text: dict[str, str], word: str, state: str) -> None:
    said = {"id": text["id"], "status": word, "detail": "absent\n at +49 151 123 456 78"}
    assert report(web, text["callback"], said).status_code == 204
    assert Message.objects.get().state == state
    if state != "accepted":
        assert Attempt.objects.latest("id").detail == f"the gateway: {word} absent at <number>"


@pytest.mark.parametrize(("word", "state"), [("completed", "delivered"), ("busy", "failed")])
def test_how_a_call_went(web: Client, ring: dict[str, str], word: str, state: str) -> None:
    assert report(web, ring["callback"], {"id": ring["id"], "status": word}).status_code == 204
    assert Message.objects.get().state == state


def test_twice_is_once_and_any_order_will_do(web: Client, text: dict[str, str], client_: Sender) -> None:
    for word in ("delivered", "sent", "failed", "failed"):
        said = {"id": text["id"], "status": word}
        assert report(web, text["callback"], said).status_code == 204
    assert client_.told == [(1, "accepted", False), (1, "delivered", False)]


@pytest.mark.parametrize(
    ("signed", "why"),
    [
        ({"secret": "another"}, "another's secret"),
        ({"secret": VOICE_SECRET}, "the secret of the calls"),
        ({"at": int(time.time()) - 100_000}, "stale"),
        ({"at": int(time.time()) + 100_000}, "from the future"),
    ],
)
def test_what_it_did_not_sign_now_changes_nothing(
    web: Client, text: dict[str, str], signed: dict[str, Any], why: str
) -> None:
    said = {"id": text["id"], "status": "failed"}
    assert report(web, text["callback"], said, **signed).status_code == 403, why
    assert Message.objects.get().state == "accepted"
    assert not Heard.objects.exists()


def test_a_signature_is_for_its_bytes(web: Client, text: dict[str, str]) -> None:
    path, body = urlsplit(text["callback"]).path, json.dumps({"id": text["id"], "status": "failed"}).encode()
    good = signature(body.replace(b"failed", b"sent"), secret=SMS_SECRET, at=int(time.time()))
    for signed in ("", "x", good):
        assert post(web, path, body, signed).status_code == 403
    assert Message.objects.get().state == "accepted"


def test_without_a_secret_nobody_is_believed(web: Client, text: dict[str, str], settings: Settings) -> None:
    path, body = urlsplit(text["callback"]).path, json.dumps({"id": text["id"], "status": "failed"}).encode()
    settings.SMS_GATEWAY_SECRET = ""
    assert post(web, path, body, signature(body, secret="", at=int(time.time()))).status_code == 403
    assert Message.objects.get().state == "accepted"


def test_what_was_heard_is_not_heard_again_however_its_signature_is_written(
    web: Client, ring: dict[str, str], heard: list[Reply]
) -> None:
    path, body = urlsplit(ring["callback"]).path, json.dumps({"id": ring["id"], "key": "2"}).encode()
    signed = signature(body, secret=VOICE_SECRET, at=int(time.time()))
    assert post(web, path, body, signed).status_code == 200
    stamp, mac = signed.split(",")
    for again in (signed, f"{mac},{stamp}", f"{stamp}, v0=x,{mac},v1=y"):
        assert post(web, path, body, again).status_code == 403
    assert heard == [Reply(channel="voice", key=ring["id"], words="2")]


def test_a_report_is_about_the_message_of_its_address_alone(
    web: Client, text: dict[str, str], ring: dict[str, str]
) -> None:
    for said in ({"id": ring["id"], "status": "failed"}, {"id": "nobody", "status": "failed"}):
        assert report(web, text["callback"], said).status_code == 404
    for named in ("m1", "m1-aaaa", callback.name("m2").replace("m2", "m1"), f"{text['id']}-aaaa"):
        address = f"/callbacks/gateway/sms/{named}/"
        assert report(web, address, {"id": text["id"], "status": "failed"}).status_code == 404
    # The gateway for calls knows no texts, whatever it signs.
    stray = text["callback"].replace("/sms/", "/voice/")
    assert report(web, stray, {"id": text["id"], "status": "failed"}).status_code == 204
    assert {message.state for message in Message.objects.all()} == {"accepted"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"failed"',
        b"\xff",
        b"[" * 100_000,
        b'{"id": 1, "status": "failed"}',
        b'{"id": "m1"}',
        b'{"id": "m1", "status": true}',
        b'{"id": "m1", "status": ""}',
        b'{"id": "m1", "key": null}',
        b'{"id": "m1", "key": true}',
        b'{"id": "m1", "key": ["1"]}',
        b'{"id": "m1", "status": "failed", "detail": {}}',
        b'{"id": "m1", "key": 1' + b"0" * 5000 + b"}",
    ],
)
def test_what_is_no_report_is_refused(web: Client, ring: dict[str, str], body: bytes) -> None:
    assert report(web, ring["callback"], body).status_code == 400
    assert Message.objects.get().state == "accepted"


@pytest.mark.parametrize(
    "said",
    [{}, {"id": ""}, {**TEXT, "id": ""}, {**TEXT, "from": None}, {**TEXT, "text": 1}, [TEXT], b"{"],
)
def test_what_is_no_text_is_refused(web: Client, carrier: Gateway, heard: list[Reply], said: Any) -> None:
    assert report(web, REPLIES, said).status_code == 400
    assert heard == []


def test_a_text_to_us_is_handed_over_once_and_answered(
    web: Client, carrier: Gateway, heard: list[Reply]
) -> None:
    answers = [report(web, REPLIES, TEXT) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [json.loads(answer.content) for answer in answers] == [{"text": "<you>"}, {}]  # type: ignore[attr-defined]
    assert heard == [Reply(channel="sms", sender="+4915112345678", words="Ack 471100")]


def test_a_forged_text_is_not_heard(web: Client, carrier: Gateway, heard: list[Reply]) -> None:
    assert report(web, REPLIES, TEXT, secret="another").status_code == 403
    assert heard == []


def test_a_sender_has_one_form_or_none(web: Client, carrier: Gateway, heard: list[Reply]) -> None:
    for n, sender in enumerate(("0049 151 12345678", "Payments", "")):
        report(web, REPLIES, {**TEXT, "id": f"in-{n}", "from": sender})
    assert [reply.sender for reply in heard] == ["+4915112345678", "", ""]


def test_who_presses_nothing_is_not_asked_again(
    web: Client, ring: dict[str, str], heard: list[Reply]
) -> None:
    answer = report(web, ring["callback"], {"id": ring["id"], "key": ""})
    assert json.loads(answer.content) == {"text": "No key was pressed. Goodbye.", "keys": ""}  # type: ignore[attr-defined]
    assert heard == []


def test_a_digit_may_be_a_number(web: Client, ring: dict[str, str], heard: list[Reply]) -> None:
    answer = report(web, ring["callback"], {"id": ring["id"], "key": 1})
    assert json.loads(answer.content) == {"text": "<you>", "keys": ""}  # type: ignore[attr-defined]
    assert heard == [Reply(channel="voice", key=ring["id"], words="1")]
