"""Microsoft Teams: an Adaptive Card, posted by a workflow of Teams that has an address.

A workflow tells us no name of what it posts, so nothing can be changed later: the card carries the link.
"""

from __future__ import annotations

from typing import Any

from core.channels import calls, registry, words
from core.channels.registry import Delivery, Sent

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def send(delivery: Delivery) -> Sent:
    """Post the card. A workflow says that it has begun, and nothing about what it posted."""
    calls.send_json(
        delivery.address, compose(delivery), timeout=delivery.timeout, repeats=False, who="Microsoft Teams"
    )
    return Sent()


def compose(delivery: Delivery) -> dict[str, Any]:
    """The message with its card."""
    content = delivery.content
    style = {"color": "Attention"} if words.is_loud(content) else {}
    card: dict[str, Any] = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _text(words.title(delivery), size="Medium", weight="Bolder", **style),
            *(_text(part) for part in words.body(content).split("\n") if part),
        ],
    }
    if content.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": words.invitation(content), "url": content.url}]
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


def _text(text: str, **style: str) -> dict[str, Any]:
    # A RichTextBlock shows its words as they are, where a TextBlock would read Markdown.
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


registry.register(
    registry.Channel(
        kind="teams",
        name="Microsoft Teams",
        check_address=calls.check_address,
        hint=calls.hint,
        send=send,
        is_chat=True,
        asks="The address of a workflow made from the template “Post to a chat when a webhook request is received”.",
    )
)
