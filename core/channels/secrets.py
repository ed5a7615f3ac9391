"""Secrets and addresses at rest: sealed with a key made from SECRET_KEY, opened also with earlier ones.

To change SECRET_KEY, put the old one into SECRET_KEY_FALLBACKS: what it sealed still opens, and what is
sealed anew takes the new key. `manage.py rotate_keys` seals the rest anew; then the old one may go.
"""

from __future__ import annotations

import base64
import hmac
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


def is_sealed(stored: str) -> bool:
    """Whether a stored text was sealed."""
    return stored.startswith(MARK)


def is_current(stored: str) -> bool:
    """Whether a sealed text opens with SECRET_KEY itself, so that no earlier key is needed for it."""
    try:
        _ring_of(_keys()[:1]).decrypt(stored.removeprefix(MARK).encode())
    except InvalidToken:
        return False
    return True


def seal_anew(stored: str) -> str:
    """A sealed text under SECRET_KEY, whatever key sealed it. Raise CannotOpen when no key of the ring fits."""
    return stored if is_current(stored) else seal(unseal(stored))


def lookup(kind: str, address: str) -> str:
    """What a sealed address is found by: the same for the same one, and nothing to learn from without the key."""
    return lookups(kind, address)[0]


def lookups(kind: str, address: str) -> list[str]:
    """What an address may be found by: its lookup under every key of the ring."""
    return [_digest(f"{kind} {address}", key) for key in _keys()]


def _digest(text: str, key: str) -> str:
    return hmac.digest(_derived(key, b"watchbill lookups"), text.encode(), "sha256").hex()


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _ring() -> MultiFernet:
    return _ring_of(_keys())


@lru_cache(maxsize=4)
def _ring_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key, b"watchbill channel secrets")) for key in keys])


@lru_cache(maxsize=8)
def _derived(key: str, purpose: bytes) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return base64.urlsafe_b64encode(hkdf.derive(key.encode()))
