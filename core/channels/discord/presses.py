"""Buttons pressed in Discord: that Discord says so, what was pressed by whom, and an answer that only they see."""

from __future__ import annotations

import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from core.channels import chat, signing
from core.channels.chat import Press

PING, COMPONENT = 1, 3
PONG, MESSAGE, DEFERRED = 1, 4, 6
ONLY_THEY_SEE = 1 << 6


def is_signed(body: bytes, *, stamp: str, signature: str) -> bool:
    """Whether Discord signed this body lately: Ed25519 over "<time><body>" with the application's key."""
    if not signing.is_fresh(stamp):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(settings.DISCORD_PUBLIC_KEY))
        key.verify(bytes.fromhex(signature), stamp.encode() + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def read(body: bytes) -> dict[str, Any]:
    """What an interaction says, empty where it is none."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def press(told: dict[str, Any]) -> Press | None:
    """The button that was pressed, None where none was."""
    try:
        # In a server the user stands in the member, in a direct message alone.
        user = told["member"]["user"] if "member" in told else told["user"]
        words, _, token = str(told["data"]["custom_id"]).partition(":")
        return Press(f"@{user['id']}", words, token) if told["type"] == COMPONENT else None
    except (KeyError, TypeError):
        return None


def said(words: str) -> dict[str, Any]:
    """The answer to a press; without words it only says that it was heard."""
    if not words:
        return {"type": DEFERRED}
    none: list[str] = []
    data = {"content": chat.plain(words), "flags": ONLY_THEY_SEE, "allowed_mentions": {"parse": none}}
    return {"type": MESSAGE, "data": data}
