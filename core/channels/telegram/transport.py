"""Telegram: a message by the bot, changed in place, with buttons."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

from core.channels import answers, calls, chat, registry
from core.channels.registry import Delivery, Permanent, ProviderRefused, Sent, Temporary

WHO = "Telegram"
LONGEST_TEXT = 4000
LONGEST_DATA = 64
"""So many bytes a button may carry."""
SAME = "message is not modified"

_PERSON = re.compile(r"[1-9][0-9]{3,18}")
_GROUP = re.compile(r"-[1-9][0-9]{3,18}")


def check_address(address: str) -> str:
    """A chat's number. Raise ValueError for anything else."""
    given = address.strip()
    if not (_PERSON.fullmatch(given) or _GROUP.fullmatch(given)):
        raise ValueError("Enter the number that the bot answers when you write /start to it.")
    return given


def hint(address: str) -> str:
    """The chat for others to see: its last two digits."""
    return f"•••{address[-2:]}"


def send(delivery: Delivery) -> Sent:
    """Post the message; Telegram's number for it names it."""
    said = {"chat_id": delivery.address, **_said(delivery)}
    told = _ask("sendMessage", said, delivery)
    result = told.get("result")
    return Sent(str(result.get("message_id") or "") if isinstance(result, dict) else "")


def edit(delivery: Delivery) -> None:
    """Change the message to what it says now."""
    said = {"chat_id": delivery.address, "message_id": int(delivery.provider_id), **_said(delivery)}
    try:
        _ask("editMessageText", said, delivery)
    except Permanent as refused:
        if SAME not in str(refused):
            raise


def _ask(method: str, said: dict[str, Any], delivery: Delivery) -> dict[str, Any]:
    if not settings.TELEGRAM_BOT_TOKEN:
        raise ProviderRefused("there is no Telegram bot (TELEGRAM_BOT_TOKEN)")
    return ask(method, said, timeout=delivery.timeout)


def ask(method: str, said: dict[str, Any], *, timeout: float) -> dict[str, Any]:
    """Ask the bot API; raise what its refusal means. The words never hold the token."""
    url = f"{settings.TELEGRAM_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}"
    answer = chat.call(WHO, url, said, timeout=timeout)
    told = calls.read(answer)
    if 200 <= answer.status < 300 and told.get("ok") is True:
        return told
    words = f"Telegram: HTTP {answer.status} {chat.plain(str(told.get('description') or ''))}"[
        : answers.LONGEST
    ].strip()
    if answer.status >= 500 or answer.status in answers.LATER:
        more = told.get("parameters")
        wait = more.get("retry_after") if isinstance(more, dict) else None
        raise Temporary(
            words, retry_after=float(wait) if isinstance(wait, int) else answers.retry_after(answer)
        )
    raise (ProviderRefused if answer.status in (401, 404) else Permanent)(words)


def _said(delivery: Delivery) -> dict[str, Any]:
    """Without a parse mode, so that no mark in the words means anything; the link stands in the text."""
    card = chat.card(delivery, hears=True, alone=bool(_PERSON.fullmatch(delivery.address)))
    text = "\n\n".join(part for part in (card.text[:LONGEST_TEXT], card.url) if part)
    said: dict[str, Any] = {"text": text, "link_preview_options": {"is_disabled": True}}
    rows = [
        _button("Acknowledge", chat.ACKNOWLEDGE, card.token),
        _button("Pass on", chat.PASS_ON, card.token),
    ]
    fits = all(len(button["callback_data"].encode()) <= LONGEST_DATA for button in rows)
    if card.token and fits:
        said["reply_markup"] = {"inline_keyboard": [rows]}
    return said


def _button(words: str, verb: str, token: str) -> dict[str, str]:
    return {"text": words, "callback_data": f"{verb[0]}:{token}"}


registry.register(
    registry.Channel(
        kind="telegram",
        name="Telegram",
        check_address=check_address,
        hint=hint,
        send=send,
        is_ready=lambda: bool(settings.TELEGRAM_BOT_TOKEN),
        asks="Write /start to the bot: it answers with your number.",
        asks_room="The group's number: make the bot a member and write /start there, and it answers with it.",
        is_chat=True,
        edit=edit,
        hears=lambda _address: True,
    )
)
