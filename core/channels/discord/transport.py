"""Discord: a message by the bot, with buttons, or by a webhook; both are changed in place."""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.channels import calls, chat, registry
from core.channels.registry import Delivery, ProviderRefused, Sent

WHO = "Discord"
LONGEST_TEXT = 650
"""Each letter may become two, and a message holds 2,000."""
NO_LINK_CARDS = 1 << 2
"""The flag of a message whose links are not drawn as cards."""
LONGEST_ID = 100

_ID = re.compile(r"@?[1-9][0-9]{15,19}")
"""A channel, or after an @ a user."""
_MARK = re.compile(r"([\\`*_{}\[\]()#+|~<>-])")


def check_address(address: str) -> str:
    """A user's number after an @, a channel's number, or a webhook's address. Raise ValueError for anything else."""
    wrong = "Enter a user's ID after an @, like @80351110224678912, or a webhook's address."
    bot = "" if settings.DISCORD_BOT_TOKEN else "DISCORD_BOT_TOKEN"
    return chat.check_address(address, form=_ID, wrong=wrong, bot=bot)


def hint(address: str) -> str:
    """The address for others to see."""
    return calls.hint(address) if chat.is_webhook(address) else f"•••{address[-2:]}"


def hears(address: str) -> bool:
    """Whether a message there carries buttons that Discord tells us of."""
    return bool(settings.DISCORD_PUBLIC_KEY) and not chat.is_webhook(address)


def send(delivery: Delivery) -> Sent:
    """Post the message; its number, with its channel's, names it. A second post of the same key is the first."""
    if chat.is_webhook(delivery.address):
        joint = "&" if "?" in delivery.address else "?"
        told = _ask("POST", f"{delivery.address}{joint}wait=true", _said(delivery), delivery, bot=False)
        return Sent(str(told.get("id") or ""))
    channel = _direct(delivery) if delivery.address.startswith("@") else delivery.address
    nonce = hashlib.sha256(delivery.key.encode()).hexdigest()[:24]
    said = {**_said(delivery), "nonce": nonce, "enforce_nonce": True}
    told = _ask("POST", f"{settings.DISCORD_URL}/channels/{channel}/messages", said, delivery)
    return Sent(f"{channel}/{told.get('id', '')}")


def edit(delivery: Delivery) -> None:
    """Change the message to what it says now."""
    if chat.is_webhook(delivery.address):
        parts = urlsplit(delivery.address)
        query = f"?{parts.query}" if parts.query else ""
        at = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/messages/{delivery.provider_id}{query}"
        _ask("PATCH", at, _said(delivery), delivery, bot=False)
        return
    channel, _, message = delivery.provider_id.partition("/")
    _ask("PATCH", f"{settings.DISCORD_URL}/channels/{channel}/messages/{message}", _said(delivery), delivery)


def _direct(delivery: Delivery) -> str:
    """The channel in which the bot and a person are alone."""
    said = {"recipient_id": delivery.address[1:]}
    return str(_ask("POST", f"{settings.DISCORD_URL}/users/@me/channels", said, delivery).get("id") or "")


def _ask(
    method: str, url: str, said: dict[str, Any], delivery: Delivery, *, bot: bool = True
) -> dict[str, Any]:
    if bot and not settings.DISCORD_BOT_TOKEN:
        raise ProviderRefused("there is no Discord bot (DISCORD_BOT_TOKEN)")
    answer = chat.call(
        WHO,
        url,
        said,
        method=method,
        headers={"Authorization": f"Bot {settings.DISCORD_BOT_TOKEN}"} if bot else {},
        timeout=delivery.timeout,
        repeats=bot,  # known to Discord by its nonce
    )
    if answer.status == 401 and bot:
        raise ProviderRefused("Discord: HTTP 401 the bot's token is not accepted")
    return chat.taken(WHO, answer)


def _said(delivery: Delivery) -> dict[str, Any]:
    card = chat.card(delivery, hears=hears(delivery.address), alone=delivery.address.startswith("@"))
    title, text = escaped(card.title), escaped(card.body[:LONGEST_TEXT])
    link = f"<{card.url}>" if card.url else ""
    return {
        "content": "\n\n".join(part for part in (f"**{title}**", text.strip(), link) if part),
        "allowed_mentions": {"parse": []},
        "flags": NO_LINK_CARDS,
        "components": _buttons(card.token) if card.token else [],
    }


def _buttons(token: str) -> list[dict[str, Any]]:
    ids = [f"{chat.ACKNOWLEDGE}:{token}", f"{chat.PASS_ON}:{token}"]
    if any(len(each) > LONGEST_ID for each in ids):
        return []
    looks = zip(ids, ("Acknowledge", "Pass on"), (1, 2), strict=True)
    row = [{"type": 2, "style": style, "label": words, "custom_id": id_} for id_, words, style in looks]
    return [{"type": 1, "components": row}]


def escaped(text: str) -> str:
    """A text in which no mark of Markdown means anything."""
    return _MARK.sub(r"\\\1", text)


registry.register(
    registry.Channel(
        kind="discord",
        name="Discord",
        check_address=check_address,
        hint=hint,
        send=send,
        asks="Your user ID after an @: turn on developer mode, then “Copy user ID”. Or the address of a webhook.",
        asks_room="The channel's ID: turn on developer mode, then “Copy channel ID”. Or the address of a webhook.",
        is_chat=True,
        edit=edit,
        reaches=lambda address: chat.is_webhook(address) or bool(settings.DISCORD_BOT_TOKEN),
        hears=hears,
    )
)
