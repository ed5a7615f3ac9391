from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.channels import callback, registry
from core.channels.registry import Content, Delivery, Permanent, ProviderRefused, Temporary, Unknown
from core.channels.sms import providers, rules, transport
from core.net import http
from core.net.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.peers import WebhookSink
    from tests.twilio import Twilio

NUMBER = "+4915112345678"
CONTENT = Content("Payments: error rate above 5%", "long text", url="https://w.example/p/x/", code="471100")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Providers of whom nothing is known yet."""
    for provider in providers.ALL.values():
        object.__setattr__(provider, "breaker", Breaker())
    yield
    http.hang_up()


@pytest.fixture
def gateway(webhook_sink: WebhookSink, settings: Settings) -> WebhookSink:
    """A second provider."""
    settings.SMS_GATEWAY_URL = webhook_sink.url
    return webhook_sink


def _delivery(content: Content = CONTENT, *, resent: bool = False, timeout: float = 20) -> Delivery:
    return Delivery("page-1-0", NUMBER, "", content, resent=resent, timeout=timeout)


# Twilio


def test_a_text_goes_out_with_a_code_a_link_and_where_to_report(twilio: Twilio) -> None:
    sent = transport.send(_delivery())
    (order,) = twilio.orders
    assert (order.resource, sent.provider_id, sent.receipt_seconds) == ("Messages", order.sid, 60)
    assert order.fields == {
        "To": NUMBER,
        "From": "+15005550006",
        "Body": "Payments: error rate above 5%\nReply ACK 471100\nhttps://w.example/p/x/",
        "StatusCallback": f"http://127.0.0.1:8000/callbacks/sms/{callback.name('page-1-0')}/",
    }


def test_a_messaging_service_may_choose_the_number(twilio: Twilio, settings: Settings) -> None:
    settings.TWILIO_SMS_FROM = "MG123"
    transport.send(_delivery())
    assert twilio.orders[0].fields["MessagingServiceSid"] == "MG123"
    assert "From" not in twilio.orders[0].fields


def test_without_reports_none_is_asked_for_nor_waited_for(twilio: Twilio, settings: Settings) -> None:
    settings.SMS_RECEIPT_SECONDS = 0
    assert transport.send(_delivery()).receipt_seconds is None
    assert "StatusCallback" not in twilio.orders[0].fields


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, Permanent),
        (400, 21614, Permanent),
        (400, 21610, ProviderRefused),
        (401, 20003, ProviderRefused),
        (404, 20404, ProviderRefused),
        (429, 20429, Temporary),
        (500, 20500, Temporary),
        (503, 0, Temporary),
    ],
)
def test_what_twilio_says_decides_what_comes_next(
    twilio: Twilio, status: int, code: int, error: type[Exception]
) -> None:
    twilio.refuse(status, code, {"Retry-After": "7"})
    with pytest.raises(error) as refused:
        transport.send(_delivery())
    assert type(refused.value) is error
    assert f"Twilio: HTTP {status} The 'To' number <number> is not a valid phone number." in str(
        refused.value
    )
    assert NUMBER not in str(refused.value)
    assert getattr(refused.value, "retry_after", 7) == 7


def test_a_wrong_token_is_told_apart(twilio: Twilio, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = "old"
    with pytest.raises(ProviderRefused, match=r"HTTP 401 Authenticate \(code 20003\)"):
        transport.send(_delivery())


def test_no_answer_may_mean_that_it_was_sent(twilio: Twilio) -> None:
    twilio.hang()
    with pytest.raises(Unknown, match="no answer within"):
        transport.send(_delivery(timeout=0.3))


def test_nothing_set_up_is_a_refusal(settings: Settings) -> None:
    with pytest.raises(Permanent, match="no SMS provider is configured"):
        transport.send(_delivery())
    assert "sms" not in [channel.kind for channel in registry.offered()]


def test_a_country_that_is_not_allowed_costs_nothing(twilio: Twilio, settings: Settings) -> None:
    settings.PHONE_PREFIXES = ["+1", "+44"]
    with pytest.raises(Permanent, match="PHONE_PREFIXES"):
        transport.send(_delivery())
    assert twilio.tries == 0


# Two providers


def test_the_second_provider_stands_in_for_the_first(twilio: Twilio, gateway: WebhookSink) -> None:
    twilio.refuse(503)
    transport.send(_delivery())
    (request,) = gateway.requests
    assert request.json == {
        "to": NUMBER,
        "text": "Payments: error rate above 5%\nhttps://w.example/p/x/",
        "id": "page-1-0",
    }
    assert request.headers["idempotency-key"] == "page-1-0"


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (400, 21610)])
def test_an_account_in_trouble_is_no_reason_not_to_send(
    twilio: Twilio, gateway: WebhookSink, status: int, code: int
) -> None:
    twilio.refuse(status, code)
    transport.send(_delivery())
    assert len(gateway.requests) == 1


def test_a_number_that_is_none_is_none_for_everybody(twilio: Twilio, gateway: WebhookSink) -> None:
    twilio.refuse(400, 21211)
    with pytest.raises(Permanent):
        transport.send(_delivery())
    assert gateway.requests == []


def test_the_order_is_the_operators(twilio: Twilio, gateway: WebhookSink, settings: Settings) -> None:
    settings.SMS_PROVIDERS = ["gateway", "twilio"]
    transport.send(_delivery())
    assert (len(gateway.requests), twilio.tries) == (1, 0)


def test_when_all_fail_it_is_tried_again_later(twilio: Twilio, gateway: WebhookSink) -> None:
    twilio.refuse(401, 20003)
    gateway.answer(503)
    with pytest.raises(Temporary, match="HTTP 503"):
        transport.send(_delivery())
    gateway.answer(403)
    with pytest.raises(ProviderRefused, match="HTTP 401"):
        transport.send(_delivery())


def test_after_silence_the_next_try_goes_by_the_other_provider(twilio: Twilio, gateway: WebhookSink) -> None:
    twilio.hang()
    with pytest.raises(Unknown):
        transport.send(_delivery(timeout=0.4))
    assert gateway.requests == []
    transport.send(_delivery(resent=True))
    assert gateway.requests[0].json["text"].startswith("(resent) Payments")
    assert twilio.tries == 1


def test_a_provider_that_keeps_failing_is_passed_over(twilio: Twilio, gateway: WebhookSink) -> None:
    twilio.refuse(500)
    for _ in range(7):
        transport.send(_delivery())
    assert (twilio.tries, len(gateway.requests)) == (5, 7)


def test_when_all_are_passed_over_they_are_tried_nevertheless(twilio: Twilio) -> None:
    twilio.refuse(500)
    for _ in range(6):
        with pytest.raises(Temporary):
            transport.send(_delivery())
    twilio.accept()
    transport.send(_delivery())
    assert len(twilio.orders) == 1


# The gateway


def test_a_gateway_that_wants_a_form(gateway: WebhookSink, settings: Settings) -> None:
    settings.SMS_GATEWAY_HEADERS = "X-Key: abc; Content-Type: application/x-www-form-urlencoded"
    settings.SMS_GATEWAY_BODY = "number={to}&message={text}"
    transport.send(_delivery(Content('a & b "c"', "")))
    (request,) = gateway.requests
    assert request.body == b"number=%2B4915112345678&message=a%20%26%20b%20%22c%22"
    assert request.headers["x-key"] == "abc"


def test_a_gateway_that_wants_everything_in_its_address(gateway: WebhookSink, settings: Settings) -> None:
    settings.SMS_GATEWAY_METHOD = "GET"
    settings.SMS_GATEWAY_URL = f"{gateway.url}?to={{to}}&text={{text}}"
    transport.send(_delivery(Content("a&to=+1 {id}", "")))
    (request,) = gateway.requests
    assert (request.method, request.body) == ("GET", b"")
    assert request.path == "/hook?to=%2B4915112345678&text=a%26to%3D%2B1%20%7Bid%7D"


def test_no_alert_breaks_out_of_the_body(gateway: WebhookSink) -> None:
    transport.send(_delivery(Content('x", "to": "+1900{to}\\', "")))
    assert gateway.requests[0].json["to"] == NUMBER
    assert gateway.requests[0].json["text"] == 'x", "to": "+1900{to}\\'


def test_a_gateway_in_a_private_network_wants_the_operators_word(
    gateway: WebhookSink, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = []
    with pytest.raises(ProviderRefused, match="the gateway cannot be called"):
        transport.send(_delivery())


# Numbers


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("+49 151 12345678", NUMBER),
        ("0049 (151) 123-456-78", NUMBER),
        (" +1.415.555.2671 ", "+14155552671"),
    ],
)
def test_a_number_has_one_form(given: str, normal: str) -> None:
    assert registry.get("sms").check_address(given) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "0151 12345678",
        "+49",
        "+0123456789",
        "+49151x",
        "+1234567890123456",
        "+\uff14\uff19\uff11\uff15\uff11\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
    ],
)
def test_what_is_no_number_is_refused_with_words(given: str) -> None:
    with pytest.raises(ValueError, match="Enter a phone number with its country code"):
        registry.get("sms").check_address(given)


def test_a_number_outside_the_allowed_countries_is_refused(settings: Settings) -> None:
    settings.PHONE_PREFIXES = ["+1", "+44"]
    with pytest.raises(ValueError, match=r"Only numbers that begin with \+1, \+44"):
        registry.get("sms").check_address(NUMBER)


def test_others_see_only_a_hint() -> None:
    assert registry.get("sms").hint(NUMBER) == "+49•••78"


# Words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_the_parts_of_a_text_are_known(text: str, parts: int) -> None:
    assert rules.parts(text) == parts


def test_letters_that_telephones_lack_are_written_with_theirs() -> None:
    assert (
        rules.folded("\u201c\u0141adny\u201d\u00a0\u2013 \u2018x\u2019\u2026 caf\u00e9 \u2022 \u00bd")
        == "\"\u0141adny\" - 'x'... caf\u00e9 * \u00bd"
    )
    assert rules.folded("Škoda") == "Skoda"
    assert rules.folded("Ваше") == "Ваше"


@pytest.mark.parametrize("letter", ["a", "я", "😀", "€"])
def test_the_longest_text_still_carries_code_and_link(letter: str) -> None:
    url = f"https://watchbill.example.com/p/{'x' * 52}/"
    text = rules.compose(letter * 250, code="471100", url=url, resent=True)
    assert text.endswith(f"...\nReply ACK 471100\n{url}")
    assert text.startswith("(resent) ")
    assert rules.parts(text) == (rules.MOST_PARTS if rules.is_gsm(text) else rules.MOST_PARTS_WIDE)


def test_a_short_text_with_a_code_is_one_part() -> None:
    text = rules.compose("x" * 110, code="471100", url="", resent=False)
    assert text == "x" * 110 + "\nReply ACK 471100"
    assert rules.parts(text) == 1


def test_no_alert_writes_lines_of_its_own() -> None:
    text = rules.compose("down\nReply ACK 000000\x1b[31m\u2028x", code="471100", url="", resent=False)
    assert text == "down Reply ACK 000000 [31m x\nReply ACK 471100"
