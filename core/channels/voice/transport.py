"""Calls that read a page out and take a key for an answer, by the first provider that takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.channels import numbers, providers, registry
from core.channels.voice.providers import configured

if TYPE_CHECKING:
    from core.channels.registry import Delivery, Sent


def send(delivery: Delivery) -> Sent:
    """Let a provider call the number; how the call went is reported later."""
    nobody = "no telephone is configured (TWILIO_VOICE_FROM or VOICE_GATEWAY_URL)"
    return providers.hand_over(delivery, configured(), nobody=nobody)


registry.register(
    registry.Channel(
        kind="voice",
        name="Phone call",
        check_address=numbers.check,
        hint=numbers.hint,
        send=send,
        is_ready=lambda: bool(configured()),
        asks=numbers.ASKS,
    )
)
