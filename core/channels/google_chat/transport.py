"""Google Chat: a card by an incoming webhook of a space, in one thread for everything about the same thing.

A webhook cannot change what it posted, so the card carries the link.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from core.channels import calls, registry, words
from core.channels.registry import Delivery, Sent

_PATH = re.compile(r"/v1/spaces/[A-Za-z0-9_-]+/messages")


def check_address(address: str) -> str:
    """The webhook's address in its normal form. Raise ValueError when it is none, or may not be called."""
    normal = calls.check_address(address)
    parts = urlsplit(normal)
    if not (_PATH.fullmatch(parts.path) and "key=" in parts.query and "token=" in parts.query):
        raise ValueError(
            "Enter the whole address of the webhook, like https://chat.googleapis.com/v1/spaces/…/messages?key=…"
        )
    return normal


def send(delivery: Delivery) -> Sent:
    """Post the card; the request's id lets Google know a second one of the same by its name."""
    query = {
        "requestId": delivery.key,
        "messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
    }
    told = calls.send_json(
        f"{delivery.address}&{urlencode(query)}",
        compose(delivery),
        timeout=delivery.timeout,
        repeats=False,
        who="Google Chat",
    )
    return Sent(str(told.get("name") or ""))


def compose(delivery: Delivery) -> dict[str, Any]:
    """The message: its first line for the notification, the card for whoever opens it."""
    content = delivery.content
    widgets: list[dict[str, Any]] = [
        {"textParagraph": {"text": escape(part, quote=False)}}
        for part in words.body(content).split("\n")
        if part
    ]
    if content.url:
        button = {"text": words.invitation(content), "onClick": {"openLink": {"url": content.url}}}
        widgets.append({"buttonList": {"buttons": [button]}})
    said: dict[str, Any] = {"text": plain(words.title(delivery))}
    if widgets:
        said["cardsV2"] = [{"cardId": "page", "card": {"sections": [{"widgets": widgets}]}}]
    if content.thread:
        said["thread"] = {"threadKey": content.thread}
    return said


def plain(text: str) -> str:
    """Words of which none calls anybody or makes a link: Google reads only what stands in angle brackets so."""
    return text.replace("<", "\u2039").replace(">", "\u203a")


registry.register(
    registry.Channel(
        kind="google_chat",
        name="Google Chat",
        check_address=check_address,
        hint=calls.hint,
        send=send,
        is_chat=True,
        asks="The address of a webhook of a space: Apps & integrations, Webhooks.",
    )
)
