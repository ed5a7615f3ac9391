"""Those who carry text messages: Twilio, and any gateway that takes an HTTP request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from django.conf import settings

from core.channels import answers, callback, calls, twilio
from core.channels.registry import Delivery, ProviderRefused, Sent
from core.net.breaker import Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One way to send a text. `takes_replies` says whether an answer to it comes back to us."""

    name: str
    is_configured: Callable[[], bool]
    send: Callable[[Delivery, str, float], Sent]
    takes_replies: bool
    breaker: Breaker = field(default_factory=Breaker)


def configured() -> list[Provider]:
    """The providers that are set up, in the operator's order."""
    return [ALL[name] for name in settings.SMS_PROVIDERS if name in ALL and ALL[name].is_configured()]


def _by_twilio(delivery: Delivery, text: str, timeout: float) -> Sent:
    sender = settings.TWILIO_SMS_FROM
    fields = {
        "To": delivery.address,
        "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
        "Body": text,
    }
    if settings.SMS_RECEIPT_SECONDS:
        fields["StatusCallback"] = callback.address("sms", delivery.key)
    sid = twilio.create("Messages", fields, timeout=timeout)
    return Sent(sid, receipt_seconds=settings.SMS_RECEIPT_SECONDS or None)


def _by_gateway(delivery: Delivery, text: str, timeout: float) -> Sent:
    values = {"to": delivery.address, "text": text, "id": delivery.key}
    headers = _headers(settings.SMS_GATEWAY_HEADERS)
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    escaped = _in_json if "json" in kind else _in_form
    body = (
        b"" if settings.SMS_GATEWAY_METHOD == "GET" else _filled(settings.SMS_GATEWAY_BODY, values, escaped)
    )
    answer = calls.call(
        _filled(settings.SMS_GATEWAY_URL, values, _in_form).decode(),
        method=settings.SMS_GATEWAY_METHOD,
        headers={"Idempotency-Key": delivery.key, **headers},
        body=body,
        timeout=timeout,
        repeats=False,
        who="the gateway",
        refused=ProviderRefused,
    )
    answers.judge(answer, refused=ProviderRefused)
    return Sent(answer.headers.get("x-request-id", ""))


def _headers(text: str) -> dict[str, str]:
    """The headers of "Name: value; Name: value", JSON by default."""
    pairs = [line.partition(":") for line in re.split(r"[;\n]", text) if ":" in line]
    given = {name.strip(): value.strip() for name, _, value in pairs}
    named = {name.lower() for name in given}
    return given if "content-type" in named else {"Content-Type": "application/json", **given}


def _filled(template: str, values: Mapping[str, str], escaped: Callable[[str], str]) -> bytes:
    return re.sub(r"{(to|text|id)}", lambda found: escaped(values[found[1]]), template).encode()


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_form(value: str) -> str:
    return quote(value, safe="")


ALL = {
    provider.name: provider
    for provider in (
        Provider(
            name="twilio",
            is_configured=lambda: twilio.is_configured() and bool(settings.TWILIO_SMS_FROM),
            send=_by_twilio,
            takes_replies=True,
        ),
        Provider(
            name="gateway",
            is_configured=lambda: bool(settings.SMS_GATEWAY_URL),
            send=_by_gateway,
            takes_replies=False,
        ),
    )
}
