from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from core.channels import registry
from core.channels.push import encryption, transport, vapid
from core.channels.push.encryption import from_text, to_text
from core.channels.registry import Content, Delivery, Permanent, Temporary
from core.net import http
from tests.browsers import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.peers import WebhookSink

CONTENT = Content(
    "Database down. Ack in 5:00 or Bob is woken.",
    "Database down\n\nHigh urgency.\n\nWhy you: level 1.\n\nOpen, acknowledge or pass on: https://w.example/p/x/",
    url="https://w.example/p/x/",
    thread="alert-7",
    code="471100",
)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    http.hang_up()


@pytest.fixture
def browser() -> Browser:
    return Browser()


def _delivery(
    url: str, browser: Browser, content: Content = CONTENT, *, resent: bool = False, timeout: float = 2
) -> Delivery:
    keys = encryption.keys(browser.p256dh, browser.auth).to_json()
    return Delivery("page-1-0", url, keys, content, resent=resent, timeout=timeout)


def test_the_example_of_the_standard_comes_out_to_the_letter() -> None:
    """RFC 8291, section 5."""

    def key(private: str) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(from_text(private)), ec.SECP256R1())

    to = Browser(key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), from_text("BTBZMqHH6r4Tts7J_aSIgg"))
    body = encryption.encrypt(
        b"When I grow up, I want to be a watermelon",
        encryption.keys(to.p256dh, to.auth),
        private_key=key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=from_text("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_browser_reads_what_is_wrong_and_what_it_can_do(
    webhook_sink: WebhookSink, browser: Browser
) -> None:
    transport.send(_delivery(webhook_sink.url, browser))
    (request,) = webhook_sink.requests
    assert browser.read(request) == {
        "title": "Database down. Ack in 5:00 or Bob is woken.",
        "body": "High urgency.\nWhy you: level 1.",
        "url": "https://w.example/p/x/",
        "tag": "alert-7",
        "actions": True,
    }
    assert {name: request.headers[name] for name in ("content-encoding", "ttl", "urgency")} == {
        "content-encoding": "aes128gcm",
        "ttl": "14400",
        "urgency": "high",
    }


def test_nobody_else_can_read_it(webhook_sink: WebhookSink, browser: Browser) -> None:
    transport.send(_delivery(webhook_sink.url, browser))
    body = webhook_sink.requests[0].body
    assert b"Database" not in body
    with pytest.raises(InvalidTag):
        Browser().open(body)
    with pytest.raises(InvalidTag):
        browser.open(body[:-1] + bytes([body[-1] ^ 1]))


def test_the_push_service_can_check_who_sends(webhook_sink: WebhookSink, browser: Browser) -> None:
    transport.send(_delivery(webhook_sink.url, browser))
    scheme, token, key = webhook_sink.requests[0].headers["authorization"].replace(",", "").split()
    assert scheme == "vapid"
    assert key == f"k={vapid.public_key()}"
    head, claims, seal = token.removeprefix("t=").split(".")
    raw = from_text(seal)
    signature = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_text(vapid.public_key()))
    public.verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    assert json.loads(from_text(head)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(from_text(claims))
    assert said["aud"] == f"http://127.0.0.1:{webhook_sink.port}"
    assert said["sub"] == "mailto:watchbill@example.com"
    assert 0 < said["exp"] - time.time() < 24 * 3600


def test_a_resend_replaces_the_first(webhook_sink: WebhookSink, browser: Browser) -> None:
    transport.send(_delivery(webhook_sink.url, browser))
    transport.send(_delivery(webhook_sink.url, browser, resent=True))
    first, second = webhook_sink.requests
    assert first.headers["topic"] == second.headers["topic"]
    assert len(first.headers["topic"]) <= 32
    assert browser.read(first)["tag"] == browser.read(second)["tag"]
    assert browser.read(second)["title"].endswith("(resent)")


@pytest.mark.parametrize("letter", ["x", "\U0001f525", "\ud800"])
def test_the_longest_text_fits(webhook_sink: WebhookSink, browser: Browser, letter: str) -> None:
    content = Content(letter * 110, f"a\n\n{letter * 5000}", url="https://w.example/p/x/")
    transport.send(_delivery(webhook_sink.url, browser, content))
    (request,) = webhook_sink.requests
    assert len(request.body) <= 4096
    assert browser.read(request)["url"] == "https://w.example/p/x/"
    assert browser.read(request)["actions"] is False


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, Permanent, "subscribe again"),
        (410, Permanent, "subscribe again"),
        (403, Permanent, "HTTP 403"),
        (413, Permanent, "HTTP 413"),
        (429, Temporary, "HTTP 429"),
        (500, Temporary, "HTTP 500"),
    ],
)
def test_what_the_push_service_says_decides_what_comes_next(
    webhook_sink: WebhookSink, browser: Browser, status: int, error: type[Exception], words: str
) -> None:
    webhook_sink.answer(status)
    with pytest.raises(error, match=words):
        transport.send(_delivery(webhook_sink.url, browser))


def test_no_answer_is_for_now(webhook_sink: WebhookSink, browser: Browser) -> None:
    webhook_sink.hang()
    with pytest.raises(Temporary, match="no answer"):
        transport.send(_delivery(webhook_sink.url, browser, timeout=0.2))


def test_a_private_endpoint_is_refused_for_good(
    webhook_sink: WebhookSink, browser: Browser, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = []
    with pytest.raises(Permanent, match="Port"):
        transport.send(_delivery(webhook_sink.url, browser))
    with pytest.raises(ValueError, match="private network"):
        registry.get("push").check_address("https://127.0.0.1/push")


@pytest.mark.parametrize("stored", ["", "{}", "[]", "null", '{"p256dh": "AA", "auth": "AA"}'])
def test_keys_that_are_none_are_a_refusal(stored: str) -> None:
    with pytest.raises(Permanent, match="subscribe again"):
        transport.send(Delivery("k", "https://push.example/x", stored, CONTENT))


def test_without_a_key_of_ours_nothing_is_tried(browser: Browser, settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert vapid.public_key() == ""
    with pytest.raises(Permanent, match="VAPID_PRIVATE_KEY"):
        transport.send(_delivery("https://push.example/x", browser))


def test_a_new_key_can_be_used(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY = vapid.new_key()
    assert len(from_text(vapid.public_key())) == 65
    assert vapid.authorization("https://push.example/x", at=0).startswith("vapid t=")


def test_others_see_only_the_service() -> None:
    assert registry.get("push").hint("https://push.example/send/abc") == "push.example/•••"
    assert registry.get("push").hint("nonsense") == "•••"
