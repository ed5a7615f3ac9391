from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from core.channels import callback, registry
from core.channels.registry import Content, Delivery, Permanent, ProviderRefused, Temporary, Unknown
from core.channels.sms import transport as sms
from core.channels.voice import transport as voice

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.core.channels.servers.gateway import Gateway
    from tests.peers import WebhookSink
    from tests.twilio import Twilio

NUMBER = "+4915112345678"
PAGE = Content('Payments "API" & {to}: down', "", url="https://w.example/p/x/", code="471100")
NAME = callback.name("page-1-0")
SAID = (
    'Watchbill. Payments "API" & {to}: down Press 1 to acknowledge. Press 2 to pass it on. Press star to hear it again.'
    ' I repeat. Payments "API" & {to}: down Press 1 to acknowledge. Press 2 to pass it on. Press star to hear it again.'
)


def _delivery(content: Content = PAGE, *, resent: bool = False, timeout: float = 20) -> Delivery:
    return Delivery("page-1-0", NUMBER, "", content, resent=resent, timeout=timeout)


def test_a_call_is_ordered_with_its_words_its_keys_and_where_to_report(carrier: Gateway) -> None:
    sent = voice.send(_delivery())
    assert carrier.rings == [
        {
            "to": NUMBER,
            "text": SAID,
            "keys": "12*",
            "id": "page-1-0",
            "callback": f"http://127.0.0.1:8000/callbacks/gateway/voice/{NAME}/",
        }
    ]
    assert (sent.provider_id, sent.receipt_seconds) == ("order-1", 120)
    assert "voice" in [channel.kind for channel in registry.offered()]


def test_where_no_answer_means_anything_no_key_is_asked_for(carrier: Gateway) -> None:
    voice.send(_delivery(Content("k3x9 is your code", "", data={"code": "k3x9"}), resent=True))
    (ring,) = carrier.rings
    assert ring["text"] == "Watchbill. Again: k, 3, x, 9 is your code Again: k, 3, x, 9 is your code"
    assert ring["keys"] == ""


def test_without_a_secret_nothing_is_asked_for_that_would_not_be_believed(
    carrier: Gateway, settings: Settings
) -> None:
    settings.SMS_GATEWAY_SECRET = settings.VOICE_GATEWAY_SECRET = ""
    assert voice.send(_delivery()).receipt_seconds is None
    (ring,) = carrier.rings
    assert (ring["keys"], ring["callback"]) == ("", "")
    assert "Press" not in ring["text"]
    assert sms.send(_delivery()).receipt_seconds is None
    (text,) = carrier.texts
    assert text["callback"] == ""
    assert "Reply" not in text["text"]


def test_a_text_says_where_to_report_and_that_it_can_be_answered(carrier: Gateway) -> None:
    sent = sms.send(_delivery())
    (text,) = carrier.texts
    assert text["callback"] == f"http://127.0.0.1:8000/callbacks/gateway/sms/{NAME}/"
    assert text["text"].splitlines()[1:] == ["Reply ACK 471100", "https://w.example/p/x/"]
    assert (sent.provider_id, sent.receipt_seconds) == ("order-1", 60)


def test_without_its_word_no_answer_is_asked_for(carrier: Gateway, settings: Settings) -> None:
    settings.SMS_GATEWAY_REPLIES = False
    assert sms.send(_delivery()).receipt_seconds == 60
    assert "Reply" not in carrier.texts[0]["text"]


def test_no_reports_are_waited_for_where_none_are_wanted(carrier: Gateway, settings: Settings) -> None:
    settings.SMS_RECEIPT_SECONDS = settings.VOICE_RECEIPT_SECONDS = 0
    assert sms.send(_delivery()).receipt_seconds is None
    assert voice.send(_delivery()).receipt_seconds is None
    assert carrier.rings[0]["keys"] == "12*"


def test_a_gateway_that_wants_a_form(webhook_sink: WebhookSink, settings: Settings) -> None:
    settings.VOICE_GATEWAY_URL, settings.VOICE_GATEWAY_SECRET = webhook_sink.url, "secret"
    settings.VOICE_GATEWAY_HEADERS = "X-Key: abc; Content-Type: application/x-www-form-urlencoded"
    settings.VOICE_GATEWAY_BODY = "n={to}&say={text}&dtmf={keys}&url={callback}"
    voice.send(_delivery())
    (request,) = webhook_sink.requests
    assert request.headers["x-key"] == "abc"
    assert parse_qs(request.body.decode()) == {
        "n": [NUMBER],
        "say": [SAID],
        "dtmf": ["12*"],
        "url": [f"http://127.0.0.1:8000/callbacks/gateway/voice/{NAME}/"],
    }


@pytest.mark.parametrize(("status", "error"), [(400, ProviderRefused), (429, Temporary), (500, Temporary)])
def test_what_it_answers_decides_what_comes_next(
    carrier: Gateway, status: int, error: type[Exception]
) -> None:
    carrier.fail(status, {"Retry-After": "7"})
    with pytest.raises(error, match=f"HTTP {status}"):
        voice.send(_delivery())


# Two who call


def test_the_gateway_calls_where_twilio_does_not_but_no_number_that_is_none(
    twilio: Twilio, carrier: Gateway
) -> None:
    twilio.refuse(503)
    assert voice.send(_delivery()).provider_id == "order-1"
    twilio.refuse(400, 21211)
    with pytest.raises(Permanent):
        voice.send(_delivery())
    assert len(carrier.rings) == 1


def test_twilio_calls_where_the_gateway_does_not(
    twilio: Twilio, carrier: Gateway, settings: Settings
) -> None:
    settings.VOICE_PROVIDERS = ["gateway", "twilio"]
    carrier.fail(401)
    assert voice.send(_delivery()).provider_id == twilio.orders[0].sid
    assert len(carrier.calls) == 1


def test_after_silence_nobody_else_calls_but_the_next_try_goes_by_the_other(
    twilio: Twilio, carrier: Gateway, settings: Settings
) -> None:
    settings.VOICE_PROVIDERS = ["gateway", "twilio"]
    carrier.hang()
    with pytest.raises(Unknown, match="the gateway: no answer within"):
        voice.send(_delivery(timeout=2))
    assert twilio.orders == []
    voice.send(_delivery(resent=True))
    assert "Again: Payments" in twilio.orders[0].fields["Twiml"]
    assert len(carrier.rings) == 1


def test_a_country_that_is_not_allowed_costs_nothing(carrier: Gateway, settings: Settings) -> None:
    settings.PHONE_PREFIXES = ["+1"]
    with pytest.raises(Permanent, match="PHONE_PREFIXES"):
        voice.send(_delivery())
    assert carrier.calls == []
