"""A message that only one browser can read (RFC 8291, aes128gcm), and its subscription's keys."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
MOST_BYTES = 3993
"""What fits one record beside its header, its end mark and its seal."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a browser gave with its subscription: its public key and a shared secret."""

    p256dh: bytes
    auth: bytes

    def to_json(self) -> str:
        """The keys as they are stored."""
        return json.dumps({"p256dh": to_text(self.p256dh), "auth": to_text(self.auth)})


def keys(p256dh: str, auth: str) -> Keys:
    """The keys of a subscription. Raise ValueError when they are none."""
    found = Keys(from_text(p256dh), from_text(auth))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), found.p256dh)
    if len(found.auth) != 16:
        raise ValueError("The secret of a subscription has 16 bytes.")
    return found


def from_json(stored: str) -> Keys:
    """The keys as they were stored. Raise ValueError when they are none."""
    given = json.loads(stored)
    if not isinstance(given, dict):
        raise TypeError("The keys of a subscription are an object.")
    return keys(str(given.get("p256dh")), str(given.get("auth")))


def encrypt(
    message: bytes,
    to: Keys,
    *,
    private_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body that a push service hands on; a new key and salt each time unless they are given."""
    own = private_key or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    own_public = point(own.public_key())
    their_public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.p256dh)
    shared = own.exchange(ec.ECDH(), their_public)
    secret = _derived(shared, salt=to.auth, info=b"WebPush: info\x00" + to.p256dh + own_public, length=32)
    key = _derived(secret, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derived(secret, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    header = salt + RECORD_BYTES.to_bytes(4) + len(own_public).to_bytes(1) + own_public
    # One record, which is the last: a 2 ends it.
    return header + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def point(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as browsers write it."""
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def to_text(raw: bytes) -> str:
    """Bytes in the letters of an address, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_text(text: str) -> bytes:
    """The bytes of such letters. Raise ValueError when they are none."""
    if not text.isascii():
        raise ValueError("These are not the letters of a key.")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
