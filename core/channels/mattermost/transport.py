"""Mattermost: a post by the bot, changed in place, with buttons; or a webhook's, which stays."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django.conf import settings

from core.channels import callback, calls, chat, registry
from core.channels.registry import Delivery, ProviderRefused, Sent

WHO = "Mattermost"
COLOURS = {"open": "#c0392b", "acknowledged": "#2d7d46", "resolved": "#2d7d46"}
GREY = "#7a7a7a"

_NAME = re.compile(r"@[a-z0-9][a-z0-9._-]{0,62}|[a-z0-9]{26}")
"""A user or a channel."""
_MARK = re.compile(r"([\\`*_{}\[\]()#+|~!<>])")


def check_address(address: str) -> str:
    """A user name, a channel's ID, or a webhook's address. Raise ValueError for anything else."""
    wrong = "Enter a user name like @alice, a channel's ID, or a webhook's address."
    given = address if chat.is_webhook(address.strip().lower()) else address.lower()
    return chat.check_address(given, form=_NAME, wrong=wrong, bot="" if has_bot() else "MATTERMOST_TOKEN")


def hint(address: str) -> str:
    """The address for others to see."""
    return calls.hint(address) if chat.is_webhook(address) else f"{address[:2]}•••"


def has_bot() -> bool:
    """Whether there is a bot."""
    return bool(settings.MATTERMOST_URL and settings.MATTERMOST_TOKEN)


def hears(address: str) -> bool:
    """Whether a message there carries buttons that the server tells us of."""
    return not chat.is_webhook(address)


def send(delivery: Delivery) -> Sent:
    """Post the message; the ID of the post names it."""
    if chat.is_webhook(delivery.address):
        said = {"attachments": [_attachment(delivery)]}
        chat.taken(WHO, chat.call(WHO, delivery.address, said, timeout=delivery.timeout))
        return Sent()
    channel = _direct(delivery) if delivery.address.startswith("@") else delivery.address
    post = ask("POST", "/posts", {"channel_id": channel, **_said(delivery)}, delivery)
    return Sent(str(post.get("id") or ""))


def edit(delivery: Delivery) -> None:
    """Change the post to what it says now."""
    ask("PUT", f"/posts/{quote(delivery.provider_id, safe='')}/patch", _said(delivery), delivery)


def _direct(delivery: Delivery) -> str:
    """The channel in which the bot and a person are alone."""
    person = ask("GET", f"/users/username/{quote(delivery.address[1:], safe='')}", {}, delivery, repeats=True)
    bot = ask("GET", "/users/me", {}, delivery, repeats=True)
    pair = [str(bot.get("id") or ""), str(person.get("id") or "")]
    return str(ask("POST", "/channels/direct", pair, delivery, repeats=True).get("id") or "")


def ask(
    method: str, path: str, said: dict[str, Any] | list[str], delivery: Delivery, *, repeats: bool = False
) -> dict[str, Any]:
    """Ask the server's API as the bot."""
    if not has_bot():
        raise ProviderRefused("there is no Mattermost bot (MATTERMOST_URL, MATTERMOST_TOKEN)")
    answer = chat.call(
        WHO,
        f"{settings.MATTERMOST_URL}/api/v4{path}",
        said,
        method=method,
        headers={"Authorization": f"Bearer {settings.MATTERMOST_TOKEN}"},
        # Three requests may come before the one that counts.
        timeout=delivery.timeout / 2 if repeats else delivery.timeout,
        repeats=repeats,
    )
    if answer.status == 401:
        raise ProviderRefused("Mattermost: HTTP 401 the bot's token is not accepted")
    return chat.taken(WHO, answer)


def _said(delivery: Delivery) -> dict[str, Any]:
    return {"message": "", "props": {"attachments": [_attachment(delivery)]}}


def _attachment(delivery: Delivery) -> dict[str, Any]:
    card = chat.card(delivery, hears=hears(delivery.address), alone=delivery.address.startswith("@"))
    said: dict[str, Any] = {
        "fallback": card.title,
        "color": COLOURS.get(card.state, GREY),
        "title": escaped(card.title),
        "text": escaped(card.body),
    }
    if card.url:
        said["title_link"] = card.url
        said["text"] = f"{said['text']}\n\n[Open]({card.url})".strip()
    if card.token:
        at = callback.address("mattermost", delivery.key)
        said["actions"] = [
            _action("Acknowledge", chat.ACKNOWLEDGE, card.token, at) | {"style": "primary"},
            _action("Pass on", chat.PASS_ON, card.token, at),
        ]
    return said


def _action(words: str, verb: str, token: str, at: str) -> dict[str, Any]:
    context = {"words": verb, "token": token}
    return {"id": verb, "type": "button", "name": words, "integration": {"url": at, "context": context}}


def escaped(text: str) -> str:
    """A text in which no mark of Markdown means anything."""
    return _MARK.sub(r"\\\1", text)


registry.register(
    registry.Channel(
        kind="mattermost",
        name="Mattermost",
        check_address=check_address,
        hint=hint,
        send=send,
        asks="Your user name, as @alice. Or the address of an incoming webhook.",
        asks_room="The channel's ID, from its information; make the bot a member. Or the address of an incoming webhook.",
        is_chat=True,
        edit=edit,
        edits=lambda address: not chat.is_webhook(address),
        reaches=lambda address: chat.is_webhook(address) or has_bot(),
        hears=hears,
    )
)
