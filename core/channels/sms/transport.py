"""Text messages: by the first provider that takes them, the others standing in when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.channels import numbers, providers, registry
from core.channels.sms.providers import configured

if TYPE_CHECKING:
    from core.channels.registry import Delivery, Sent


def send(delivery: Delivery) -> Sent:
    """Hand the text to a provider within the time of the delivery."""
    nobody = "no SMS provider is configured (TWILIO_SMS_FROM or SMS_GATEWAY_URL)"
    return providers.hand_over(delivery, configured(), nobody=nobody)


registry.register(
    registry.Channel(
        kind="sms",
        name="SMS",
        check_address=numbers.check,
        hint=numbers.hint,
        send=send,
        is_ready=lambda: bool(configured()),
        asks=numbers.ASKS,
    )
)
