"""Slack: a message by the bot, changed in place, with buttons; or an incoming webhook's, which stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings

from core.channels import answers, calls, chat, registry
from core.channels.registry import Delivery, Permanent, ProviderRefused, Sent, Temporary

if TYPE_CHECKING:
    from core.channels.chat import Card

WHO = "Slack"
LONGEST_TITLE, LONGEST_TEXT = 150, 2900
LATER = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
}
OURS = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"}
"""Errors that are about our account, whatever the address."""

_ID = re.compile(r"[UWCGD][A-Z0-9]{6,20}")
_WORD = re.compile(r"[a-z_]{1,60}")


def check_address(address: str) -> str:
    """A member or channel ID, or a webhook's address. Raise ValueError for anything else."""
    wrong = "Enter a member ID like U012AB3CD, a channel ID like C012AB3CD, or a webhook's address."
    bot = "" if settings.SLACK_BOT_TOKEN else "SLACK_BOT_TOKEN"
    return chat.check_address(address, form=_ID, wrong=wrong, bot=bot)


def hint(address: str) -> str:
    """The address for others to see."""
    return calls.hint(address) if chat.is_webhook(address) else f"{address[:2]}•••{address[-2:]}"


def hears(address: str) -> bool:
    """Whether a message there carries buttons that Slack tells us of."""
    return bool(settings.SLACK_SIGNING_SECRET) and not chat.is_webhook(address)


def send(delivery: Delivery) -> Sent:
    """Post the message; the channel and the time stamp that Slack gave it name it."""
    if chat.is_webhook(delivery.address):
        answer = chat.call(WHO, delivery.address, _said(delivery), timeout=delivery.timeout)
        chat.taken(WHO, answer)
        return Sent()
    said = ask("chat.postMessage", {"channel": delivery.address, **_said(delivery)}, delivery)
    return Sent(f"{said.get('channel', delivery.address)}/{said.get('ts', '')}")


def edit(delivery: Delivery) -> None:
    """Change the message to what it says now."""
    channel, _, ts = delivery.provider_id.partition("/")
    ask("chat.update", {"channel": channel, "ts": ts, **_said(delivery)}, delivery)


def has_bot() -> bool:
    """Whether there is a bot."""
    return bool(settings.SLACK_BOT_TOKEN)


def ask(
    method: str, said: dict[str, Any], delivery: Delivery, *, reads: bool = False, repeats: bool = False
) -> dict[str, Any]:
    """Ask Slack's Web API as the bot. What only `reads` goes in the address: Slack takes no JSON for it."""
    if not has_bot():
        raise ProviderRefused("there is no Slack bot (SLACK_BOT_TOKEN)")
    answer = chat.call(
        WHO,
        f"{settings.SLACK_URL}/api/{method}" + (f"?{urlencode(said)}" if reads else ""),
        said,
        method="GET" if reads else "POST",
        headers={"Authorization": f"Bearer {settings.SLACK_BOT_TOKEN}"},
        timeout=delivery.timeout / 2 if reads or repeats else delivery.timeout,
        repeats=reads or repeats,
    )
    told = chat.taken(WHO, answer)
    if told.get("ok") is True:
        return told
    error = str(told.get("error") or "")
    words = f"Slack: {error if _WORD.fullmatch(error) else 'it refused without a reason'}"
    if error in LATER:
        raise Temporary(words, retry_after=answers.retry_after(answer))
    raise (ProviderRefused if error in OURS else Permanent)(words)


def _said(delivery: Delivery) -> dict[str, Any]:
    card = chat.card(delivery, hears=hears(delivery.address), alone=delivery.address[:1] in "UW")
    return {
        "text": escaped(card.title),
        "blocks": list(_blocks(card)),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(card: Card) -> list[dict[str, Any]]:
    """Plain text throughout: in it neither a name nor a link nor a mark means anything."""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(_cut(card.title, LONGEST_TITLE))}]
    if card.body.strip():
        blocks.append({"type": "section", "text": _plain(_cut(card.body, LONGEST_TEXT))})
    buttons = []
    if card.token:
        buttons.append(_button("Acknowledge", chat.ACKNOWLEDGE, value=card.token, style="primary"))
        buttons.append(_button("Pass on", chat.PASS_ON, value=card.token))
    if card.url:
        buttons.append(_button("Open", "open", url=card.url))
    return [*blocks, {"type": "actions", "elements": buttons}] if buttons else blocks


def _button(words: str, action: str, **more: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action, "text": _plain(words), **more}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def escaped(text: str) -> str:
    """A text in which Slack's markup finds no mention and no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


registry.register(
    registry.Channel(
        kind="slack",
        name="Slack",
        check_address=check_address,
        hint=hint,
        send=send,
        asks="Your member ID: in Slack, your profile, then “Copy member ID”. Or the address of an incoming webhook.",
        asks_room="The channel's ID (C…), at the end of its details; invite the bot. Or an incoming webhook.",
        is_chat=True,
        edit=edit,
        edits=lambda address: not chat.is_webhook(address),
        reaches=lambda address: chat.is_webhook(address) or bool(settings.SLACK_BOT_TOKEN),
        hears=hears,
    )
)
