"""The address at which a provider says what became of one message: its key, sealed against guessing."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from urllib.parse import quote

from django.conf import settings

_SALT = "core.callback"


def address(channel: str, key: str, *, ending: str = "") -> str:
    """Where to report on the message with this key."""
    return f"{settings.BASE_URL}/callbacks/{channel}/{quote(name(key), safe='')}/{ending}"


def name(key: str) -> str:
    """The message's name in that address."""
    return f"{key}-{_mac(key, settings.SECRET_KEY)}"


def read(named: str) -> str | None:
    """The key of the message that is named, None where the name was not made here."""
    key, _, mac = named.rpartition("-")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    fits = any(hmac.compare_digest(_mac(key, secret).encode(), mac.encode()) for secret in keys)
    return key if fits else None


def _mac(key: str, secret: str) -> str:
    salted = sha256(f"{_SALT}:{secret}".encode()).digest()
    mac = hmac.new(salted, key.encode(), sha256).digest()[:16]
    return base64.b32encode(mac).decode().rstrip("=").lower()
