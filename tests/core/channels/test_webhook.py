from __future__ import annotations

import hashlib
import hmac
import logging
import time
from typing import TYPE_CHECKING

import pytest

from core.channels import answers, registry
from core.channels.registry import Content, Delivery, Permanent, Temporary
from core.channels.webhook import transport
from core.net import http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.peers import WebhookSink

SECRET = "whsec"
CONTENT = Content(
    "Database down", "Ä text.", url="https://watchbill.example/p/x/", data={"level": 1}, thread="t"
)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    http.hang_up()


def _delivery(url: str, *, secret: str = SECRET, resent: bool = False, timeout: float = 20) -> Delivery:
    return Delivery("page-1-webhook-0", url, secret, CONTENT, resent=resent, timeout=timeout)


def test_a_page_arrives_as_json_with_its_key(webhook_sink: WebhookSink) -> None:
    transport.send(_delivery(webhook_sink.url))
    (request,) = webhook_sink.requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "page-1-webhook-0"
    assert request.json == {
        "id": "page-1-webhook-0",
        "resent": False,
        "subject": "Database down",
        "text": "Ä text.",
        "url": "https://watchbill.example/p/x/",
        "thread": "t",
        "data": {"level": 1},
    }


def test_the_receiver_can_check_who_sent_it_and_when(webhook_sink: WebhookSink) -> None:
    transport.send(_delivery(webhook_sink.url))
    (request,) = webhook_sink.requests
    parts = dict(part.split("=") for part in request.headers["x-watchbill-signature"].split(","))
    signed = parts["t"].encode() + b"." + request.body
    assert parts["v1"] == hmac.new(b"whsec", signed, hashlib.sha256).hexdigest()
    assert abs(time.time() - int(parts["t"])) < 5


def test_without_a_secret_there_is_no_signature(webhook_sink: WebhookSink) -> None:
    transport.send(_delivery(webhook_sink.url, secret=""))
    assert "x-watchbill-signature" not in webhook_sink.requests[0].headers


def test_a_resend_carries_the_same_key_and_says_so(webhook_sink: WebhookSink) -> None:
    transport.send(_delivery(webhook_sink.url))
    transport.send(_delivery(webhook_sink.url, resent=True))
    first, second = webhook_sink.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert (first.json["resent"], second.json["resent"]) == (False, True)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success(webhook_sink: WebhookSink, status: int) -> None:
    webhook_sink.answer(status, {"X-Request-Id": "abc"})
    assert transport.send(_delivery(webhook_sink.url)).provider_id == "abc"


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 410, 422])
def test_these_answers_are_for_good(webhook_sink: WebhookSink, status: int) -> None:
    webhook_sink.answer(status)
    with pytest.raises(Permanent, match=f"HTTP {status}"):
        transport.send(_delivery(webhook_sink.url))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_these_answers_are_for_now(webhook_sink: WebhookSink, status: int) -> None:
    webhook_sink.answer(status)
    with pytest.raises(Temporary, match=f"HTTP {status}"):
        transport.send(_delivery(webhook_sink.url))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        (
            {"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"},
            90.0,
        ),
        ({"Retry-After": "Sat, 21 Nov 2026 10:01:30 GMT", "Date": "no date"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_when_to_come_back_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    assert answers.retry_after(http.Response(429, lower, b"")) == seconds


def test_the_wait_reaches_the_sender(webhook_sink: WebhookSink) -> None:
    webhook_sink.answer(429, {"Retry-After": "30"})
    with pytest.raises(Temporary) as refused:
        transport.send(_delivery(webhook_sink.url))
    assert refused.value.retry_after == 30


def test_no_answer_and_no_connection_are_for_now(webhook_sink: WebhookSink) -> None:
    webhook_sink.hang()
    with pytest.raises(Temporary, match="no answer within"):
        transport.send(_delivery(webhook_sink.url, timeout=0.2))
    webhook_sink.stop()
    with pytest.raises(Temporary, match="no connection"):
        transport.send(_delivery(webhook_sink.url))


def test_a_private_address_is_refused_for_good(webhook_sink: WebhookSink, settings: Settings) -> None:
    settings.PRIVATE_TARGETS = []
    with pytest.raises(Permanent, match="Port"):
        transport.send(_delivery(webhook_sink.url))


def test_of_the_answer_only_a_little_plain_text_is_kept() -> None:
    body = b"no\r\n\x1b[31mINFO fake line\x00 " + b"x" * 5000
    detail = answers.words(http.Response(500, {}, body))
    assert detail.startswith("HTTP 500 no [31mINFO fake line")
    assert len(detail) == len("HTTP 500 ") + 200


def test_neither_address_nor_secret_is_logged(
    webhook_sink: WebhookSink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook_sink.answer(500)
    with pytest.raises(Temporary) as refused:
        transport.send(_delivery(f"{webhook_sink.url}/T0K3N", secret="s3cr3t"))
    logged = caplog.text + str(refused.value)
    assert "T0K3N" not in logged
    assert "s3cr3t" not in logged


def test_an_address_is_checked_before_it_is_kept(settings: Settings) -> None:
    channel = registry.get("webhook")
    assert channel.needs_secret
    settings.PRIVATE_TARGETS = ["10.1.0.0/16"]
    assert channel.check_address(" HTTPS://Hooks.example/a b".replace(" b", "")) == "https://hooks.example/a"
    assert channel.check_address("http://10.1.0.9:9000/x") == "http://10.1.0.9:9000/x"
    for address, words in {
        "http://127.0.0.1/": "private network",
        "http://10.2.0.9:9000/": "Port 9000",
        "ftp://hooks.example/": "begin with https",
        "https://me:pw@hooks.example/": "user name or password",
    }.items():
        with pytest.raises(ValueError, match=words):
            channel.check_address(address)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("https://hooks.example/services/T0/SECRET?x=y", "https://hooks.example/•••"),
        ("http://10.1.0.9:9000/x", "http://10.1.0.9:9000/•••"),
        ("nonsense", "•••"),
    ],
)
def test_others_see_only_the_host(address: str, hint: str) -> None:
    assert registry.get("webhook").hint(address) == hint
