"""Those who call for us: Twilio, and any gateway that takes an HTTP request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from core.channels import callback, gateway, providers, twilio
from core.channels.registry import Content, Delivery, Sent
from core.channels.voice import rules

if TYPE_CHECKING:
    from core.channels.providers import Provider

RING_SECONDS = 30


def configured() -> list[Provider]:
    """The providers that are set up, in the operator's order."""
    return providers.chosen(ALL, settings.VOICE_PROVIDERS)


def words_of(content: Content) -> str:
    """What is said to the person, without the keys; a code is spelled."""
    code = str(content.data.get("code") or "")
    return content.subject.replace(code, rules.spelled(code)) if code else content.subject


def _by_twilio(delivery: Delivery, timeout: float) -> Sent:
    keys_at = callback.address("voice", delivery.key, ending="keys/") if delivery.content.code else ""
    fields = {
        "To": delivery.address,
        "From": settings.TWILIO_VOICE_FROM,
        "Twiml": rules.call(words_of(delivery.content), keys_at=keys_at, resent=delivery.resent),
        "Timeout": str(RING_SECONDS),
    }
    if settings.VOICE_RECEIPT_SECONDS:
        fields["StatusCallback"] = callback.address("voice", delivery.key)
    sid = twilio.create("Calls", fields, timeout=timeout)
    return Sent(sid, receipt_seconds=settings.VOICE_RECEIPT_SECONDS or None)


def _by_gateway(delivery: Delivery, timeout: float) -> Sent:
    # Keys are asked for only where they are heard.
    asks = bool(delivery.content.code) and gateway.VOICE.reports
    said = rules.sentences(words_of(delivery.content), asks=asks, resent=delivery.resent)
    values = {"text": " ".join(said), "keys": rules.DIGITS if asks else ""}
    return gateway.VOICE.order(delivery, values, timeout=timeout, wait=settings.VOICE_RECEIPT_SECONDS)


ALL = providers.both(
    gateway.VOICE,
    by_twilio=_by_twilio,
    by_gateway=_by_gateway,
    twilio_number=lambda: settings.TWILIO_VOICE_FROM,
)
