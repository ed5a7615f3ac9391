"""ntfy: a notification on a topic, on ntfy.sh or a server of one's own, with a button that acknowledges.

Every notification carries a sequence id made from our key, so that another one with the same id takes its place.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from core.channels import calls, registry, words
from core.channels.registry import Content, Delivery, Sent, Token

LOUD, NORMAL, SILENT = 5, 3, 2
"""Of five priorities: the first breaks through silence where the phone allows it, the last makes no sound."""

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")


def check_address(address: str) -> str:
    """The topic's address in its normal form. Raise ValueError when it is none, or may not be called."""
    normal = calls.check_address(address)
    parts = urlsplit(normal)
    if parts.query or not _TOPIC.fullmatch(parts.path.strip("/")):
        raise ValueError("Enter the address of a topic, like https://ntfy.sh/my-topic.")
    return normal.rstrip("/")


def send(delivery: Delivery) -> Sent:
    """Publish the notification; one that is sent again takes the place of the first."""
    sequence = hashlib.sha256(delivery.key.encode()).hexdigest()[:32]
    _publish(delivery, {**compose(delivery), "sequence_id": sequence})
    return Sent(sequence)


def edit(delivery: Delivery) -> None:
    """Let what it says now take the place of the notification, without a sound."""
    _publish(delivery, {**compose(delivery), "priority": SILENT, "sequence_id": delivery.provider_id})


def _publish(delivery: Delivery, said: dict[str, Any]) -> None:
    server, _, topic = delivery.address.rpartition("/")
    calls.send_json(
        server,
        {"topic": topic, **said},
        headers={"Authorization": f"Bearer {delivery.secret}"} if delivery.secret else None,
        timeout=delivery.timeout,
        repeats=True,
        who="ntfy",
    )


def compose(delivery: Delivery) -> dict[str, Any]:
    """The notification without its topic."""
    content = delivery.content
    said: dict[str, Any] = {
        "title": words.title(delivery),
        "message": words.body(content) or content.subject,
        "priority": LOUD if words.is_loud(content) else NORMAL,
    }
    if content.url:
        said |= {"click": content.url, "actions": _actions(content)}
    return said


def _actions(content: Content) -> list[dict[str, Any]]:
    opens = {"action": "view", "label": "Open", "url": content.url}
    if not content.code:
        return [opens]
    # The page's own address is the proof; the phone posts to it what its button posts.
    acknowledges = {
        "action": "http",
        "label": "Acknowledge",
        "url": content.url,
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": "action=acknowledge",
        "clear": True,
    }
    return [acknowledges, opens]


registry.register(
    registry.Channel(
        kind="ntfy",
        name="ntfy",
        check_address=check_address,
        hint=calls.hint,
        send=send,
        token=Token.OPTIONAL,
        is_chat=True,
        edit=edit,
        asks="The address of your topic, as https://ntfy.sh/ and a name that nobody guesses: who knows it reads "
        "and answers your pages. On a server that asks who publishes, also an access token (tk_…).",
    )
)
