"""What Telegram tells the bot: a button that was pressed, or a first word, which is answered with the chat's number."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings

from core.channels import chat

_SALT = "core.telegram"
_VERBS = {"a": chat.ACKNOWLEDGE, "p": chat.PASS_ON}


@dataclass(frozen=True, slots=True)
class Press(chat.Press):
    """A button that was pressed, and what Telegram calls it."""

    query: str


def secret() -> str:
    """What Telegram says in a header with each update: told to it once by `manage.py telegram_webhook`."""
    return _secret(settings.SECRET_KEY)


def is_ours(given: str) -> bool:
    """Whether an update comes from whom we told the secret."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    fits = [hmac.compare_digest(_secret(key).encode(), given.encode()) for key in keys]
    return bool(settings.TELEGRAM_BOT_TOKEN) and any(fits)


def _secret(key: str) -> str:
    salted = sha256(f"{_SALT}:{key}".encode()).digest()
    return hmac.new(salted, settings.TELEGRAM_BOT_TOKEN.encode(), sha256).hexdigest()


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """The number of an update and what it says; "" where it is none."""
    try:
        told = json.loads(body)
        return str(int(told["update_id"])), told
    except (KeyError, TypeError, ValueError):
        return "", {}


def press(told: dict[str, Any]) -> Press | None:
    """The button that was pressed, None where none was."""
    try:
        query = told["callback_query"]
        verb, _, token = str(query["data"]).partition(":")
        return Press(str(query["from"]["id"]), _VERBS[verb], token, str(query["id"]))
    except (KeyError, TypeError):
        return None


def said_to(press_: Press, words: str) -> dict[str, Any]:
    """The answer to a press, as Telegram takes it in the answer to its request."""
    return {
        "method": "answerCallbackQuery",
        "callback_query_id": press_.query,
        "text": chat.plain(words)[:200],
        "show_alert": True,
    }


def greeting(told: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to /start: the number to enter as an address; None for anything else."""
    try:
        message = told["message"]
        number, words = int(message["chat"]["id"]), str(message["text"])
    except (KeyError, TypeError, ValueError):
        return None
    if words.split("@", maxsplit=1)[0].split()[:1] != ["/start"]:
        return None
    return {"method": "sendMessage", "chat_id": number, "text": f"Your number for Watchbill is {number}."}
