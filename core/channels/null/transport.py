"""The channel that reaches nobody: the end of the way of the product's own test pages. Nobody can choose it."""

from __future__ import annotations

from core.channels import registry
from core.channels.registry import Delivery, Sent

KIND = "null"


def send(_: Delivery) -> Sent:
    """Take the message, and that is all."""
    return Sent()


registry.register(
    registry.Channel(
        kind=KIND, name="Nobody", check_address=str, hint=str, send=send, is_offered=False, is_sealed=False
    )
)
