"""The receiving side of Web Push: a subscription's keys, and what a browser reads with them (RFC 8291)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.channels.push.encryption import from_text, point, to_text

if TYPE_CHECKING:
    from tests.http_peer import Request


def _hmac(key: bytes, text: bytes) -> bytes:
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(text)
    return mac.finalize()


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that subscribed: it gave away `p256dh` and `auth` and kept the private key."""

    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> str:
        return to_text(point(self.private_key.public_key()))

    @property
    def auth(self) -> str:
        return to_text(self.secret)

    def open(self, body: bytes) -> bytes:
        """What a push says, step by step as the standard writes it; InvalidTag when it is for another browser."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.private_key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        info = b"WebPush: info\x00" + from_text(self.p256dh) + sender
        material = _hmac(_hmac(self.secret, shared), info + b"\x01")
        extracted = _hmac(salt, material)
        key = _hmac(extracted, b"Content-Encoding: aes128gcm\x00\x01")[:16]
        nonce = _hmac(extracted, b"Content-Encoding: nonce\x00\x01")[:12]
        opened = AESGCM(key).decrypt(nonce, sealed, None)
        assert opened.endswith(b"\x02")
        return opened[:-1]

    def read(self, request: Request) -> dict[str, Any]:
        """What the service worker is told by a request to the push service."""
        told: dict[str, Any] = json.loads(self.open(request.body))
        return told
