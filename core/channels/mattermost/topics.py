"""Mattermost: our part of a channel's header."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from core.channels import chat, registry, topics
from core.channels.mattermost import transport
from core.channels.registry import Sent

if TYPE_CHECKING:
    from core.channels.registry import Delivery

TOPIC = "mattermost_topic"
LONGEST = 1024


def has_topic(address: str) -> bool:
    """Whether an address is a channel's, and there is a bot that may write its header."""
    return not chat.is_webhook(address) and not address.startswith("@") and transport.has_bot()


def send(delivery: Delivery) -> Sent:
    """Write our part where it is not right already."""
    ours = topics.parts(delivery, transport.escaped)
    path = f"/channels/{quote(delivery.address, safe='')}"
    now = str(transport.ask("GET", path, {}, delivery, repeats=True).get("header") or "")
    wanted = topics.replaced(now, ours, longest=LONGEST)
    if wanted != now:
        transport.ask("PUT", f"{path}/patch", {"header": wanted}, delivery, repeats=True)
    return Sent()


registry.register(
    registry.Channel(
        kind=TOPIC,
        name="Mattermost header",
        check_address=transport.check_address,
        hint=transport.hint,
        send=send,
        is_ready=transport.has_bot,
        is_offered=False,
    )
)
