"""Calls through Twilio that read a page out and take a key for an answer."""

from __future__ import annotations

from django.conf import settings

from core.channels import callback, numbers, registry, twilio
from core.channels.registry import Delivery, Permanent, Sent
from core.channels.voice import rules

RING_SECONDS = 30


def send(delivery: Delivery) -> Sent:
    """Let Twilio call the number; how the call went is reported later."""
    if not is_ready():
        raise Permanent("no telephone is configured (TWILIO_VOICE_FROM)")
    if not numbers.may_reach(delivery.address):
        raise Permanent("the number's country is not allowed (PHONE_PREFIXES)")
    fields = {
        "To": delivery.address,
        "From": settings.TWILIO_VOICE_FROM,
        "Twiml": compose(delivery),
        "Timeout": str(RING_SECONDS),
    }
    if settings.VOICE_RECEIPT_SECONDS:
        fields["StatusCallback"] = callback.address("voice", delivery.key)
    sid = twilio.create("Calls", fields, timeout=delivery.timeout)
    return Sent(sid, receipt_seconds=settings.VOICE_RECEIPT_SECONDS or None)


def compose(delivery: Delivery) -> str:
    """What the call says; keys are asked for where an answer means something."""
    content = delivery.content
    code = str(content.data.get("code") or "")
    words = content.subject.replace(code, rules.spelled(code)) if code else content.subject
    keys_at = callback.address("voice", delivery.key, ending="keys/") if content.code else ""
    return rules.call(words, keys_at=keys_at, resent=delivery.resent)


def is_ready() -> bool:
    """Whether there is an account and a number to call from."""
    return twilio.is_configured() and bool(settings.TWILIO_VOICE_FROM)


registry.register(
    registry.Channel(
        kind="voice",
        name="Phone call",
        check_address=numbers.check,
        hint=numbers.hint,
        send=send,
        is_ready=is_ready,
        asks=numbers.ASKS,
    )
)
