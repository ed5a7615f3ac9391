"""Gotify: a message to an application on somebody's own server."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from core.channels import calls, registry, words
from core.channels.registry import Delivery, Sent, Token

LOUD, NORMAL = 8, 5
"""Of ten priorities: from 8 on a phone rings and vibrates."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def check_address(address: str) -> str:
    """The server's address in its normal form. Raise ValueError when it is none, or may not be called."""
    normal = calls.check_address(address)
    if urlsplit(normal).query:
        raise ValueError("Enter the address of the server alone, like https://gotify.example.com.")
    return normal.rstrip("/")


def send(delivery: Delivery) -> Sent:
    """Create the message. Nothing tells a second one from the first, so one without an answer is not known to be."""
    told = calls.send_json(
        f"{delivery.address}/message",
        compose(delivery),
        headers={"X-Gotify-Key": delivery.secret},
        timeout=delivery.timeout,
        repeats=False,
        who="Gotify",
    )
    return Sent(str(told.get("id") or ""))


def compose(delivery: Delivery) -> dict[str, Any]:
    """The message: Markdown, of which nothing comes from the words themselves."""
    content = delivery.content
    said = [escaped(part) for part in words.paragraphs(content)] or [escaped(content.subject)]
    extras: dict[str, Any] = {"client::display": {"contentType": "text/markdown"}}
    if content.url:
        said.append(f"[{words.invitation(content)}](<{content.url}>)")
        extras["client::notification"] = {"click": {"url": content.url}}
    return {
        "title": words.title(delivery),
        "message": "\n\n".join(said),
        "priority": LOUD if words.is_loud(content) else NORMAL,
        "extras": extras,
    }


def escaped(text: str) -> str:
    """Words as Markdown that shows just these words, line by line."""
    return _PUNCTUATION.sub(r"\\\1", text[: words.LONGEST_BODY]).replace("\n", "  \n")


registry.register(
    registry.Channel(
        kind="gotify",
        name="Gotify",
        check_address=check_address,
        hint=calls.hint,
        send=send,
        token=Token.REQUIRED,
        is_chat=True,
        asks="The address of your server, and as the token that of an application which you make there.",
    )
)
