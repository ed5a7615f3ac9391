"""What a token looks like: `wb_` and 32 random characters, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
import string

PREFIX = "wb_"
LENGTH = 32
SHOWN = 11
_ALPHABET = string.ascii_letters + string.digits


def make() -> str:
    """Give a new token, about 190 bits of chance."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))


def digest(token: str) -> str:
    """Give what is stored of a token: its SHA-256, from which nobody finds the way back."""
    return hashlib.sha256(token.encode()).hexdigest()


def looks_like_one(token: str) -> bool:
    """Say whether it is worth asking the database."""
    return token.startswith(PREFIX) and len(token) == len(PREFIX) + LENGTH and token.isascii()
