"""Secrets of contact methods at rest: sealed with a key made from SECRET_KEY, opened also with earlier ones.

To change SECRET_KEY, put the old one into SECRET_KEY_FALLBACKS: what it sealed still opens, and what is
sealed anew takes the new key.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

MARK = "sealed:"


class CannotOpen(Exception):
    """The secret was sealed with a key that is neither SECRET_KEY nor among SECRET_KEY_FALLBACKS."""


def seal(secret: str) -> str:
    """The secret as it may be stored; empty and already sealed ones are given back as they are."""
    if not secret or secret.startswith(MARK):
        return secret
    return MARK + _ring().encrypt(secret.encode()).decode()


def unseal(stored: str) -> str:
    """The secret in the clear. Raise CannotOpen when no key of the ring fits."""
    if not stored.startswith(MARK):
        return stored
    try:
        return _ring().decrypt(stored.removeprefix(MARK).encode()).decode()
    except InvalidToken as error:
        raise CannotOpen(
            "A stored secret cannot be opened: SECRET_KEY was changed without a fallback."
        ) from error


def _ring() -> MultiFernet:
    return _ring_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _ring_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"watchbill channel secrets")
    return base64.urlsafe_b64encode(hkdf.derive(key.encode()))
