from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.channels import callback, registry
from core.channels.registry import Content, Delivery, Permanent, ProviderRefused, Temporary, Unknown
from core.channels.voice import rules, transport
from core.net import http
from tests.twilio import twiml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.twilio import Twilio

NUMBER = "+4915112345678"
CONTENT = Content("Payments <API> & more: down", "", url="https://w.example/p/x/", code="471100")
KEYS = f"http://127.0.0.1:8000/callbacks/voice/{callback.name('page-1-0')}/keys/"


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    http.hang_up()


def _delivery(content: Content = CONTENT, *, timeout: float = 20) -> Delivery:
    return Delivery("page-1-0", NUMBER, "", content, timeout=timeout)


def test_a_call_is_ordered_with_its_words_and_where_to_report(twilio: Twilio) -> None:
    sent = transport.send(_delivery())
    (order,) = twilio.orders
    assert (order.resource, sent.provider_id, sent.receipt_seconds) == ("Calls", order.sid, 120)
    assert (order.fields["To"], order.fields["From"], order.fields["Timeout"]) == (
        NUMBER,
        "+15005550006",
        "30",
    )
    assert order.callback == f"/callbacks/voice/{callback.name('page-1-0')}/"


def test_it_is_said_twice_and_takes_a_key(twilio: Twilio) -> None:
    transport.send(_delivery())
    root = twiml(twilio.orders[0].fields["Twiml"])
    first, second, last = root
    for gather, start in ((first, "Watchbill."), (second, "I repeat.")):
        assert gather.attrib == {
            "input": "dtmf",
            "numDigits": "1",
            "timeout": "8",
            "method": "POST",
            "action": KEYS,
        }
        assert gather.findtext("Say") == (
            f"{start} Payments <API> & more: down Press 1 to acknowledge. Press 2 to pass it on. Press star to hear it again."
        )
    assert last.text == "No key was pressed. Goodbye."


def test_where_no_answer_means_anything_no_key_is_asked_for(twilio: Twilio) -> None:
    content = Content("k3x9 is your code for pages from Watchbill", "", data={"code": "k3x9"})
    transport.send(_delivery(content))
    root = twiml(twilio.orders[0].fields["Twiml"])
    assert [(verb.tag, verb.text) for verb in root] == [
        ("Say", "Watchbill. k, 3, x, 9 is your code for pages from Watchbill"),
        ("Say", "k, 3, x, 9 is your code for pages from Watchbill"),
    ]


def test_a_long_text_with_odd_letters_can_be_spoken() -> None:
    assert rules.speakable("a\x00b\nc\u2028d \ud800") == "a b c d"
    said = rules.speakable("word " * 500)
    assert said.endswith("word, and so on.")
    assert len(said) <= rules.LONGEST + 12
    assert len(rules.call("&" * 5000, keys_at=KEYS)) < 4000


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(400, 21211, Permanent), (400, 21215, ProviderRefused), (429, 20429, Temporary), (500, 0, Temporary)],
)
def test_what_twilio_says_decides_what_comes_next(
    twilio: Twilio, status: int, code: int, error: type[Exception]
) -> None:
    twilio.refuse(status, code)
    with pytest.raises(error) as refused:
        transport.send(_delivery())
    assert type(refused.value) is error


def test_no_answer_may_mean_that_it_rings(twilio: Twilio) -> None:
    twilio.hang()
    with pytest.raises(Unknown):
        transport.send(_delivery(timeout=0.3))


def test_it_is_offered_once_it_is_set_up(twilio: Twilio, settings: Settings) -> None:
    assert "voice" in [channel.kind for channel in registry.offered()]
    settings.PHONE_PREFIXES = ["+1"]
    with pytest.raises(Permanent, match="PHONE_PREFIXES"):
        transport.send(_delivery())
    settings.TWILIO_VOICE_FROM = ""
    assert "voice" not in [channel.kind for channel in registry.offered()]
    with pytest.raises(Permanent, match="no telephone is configured"):
        transport.send(_delivery())
