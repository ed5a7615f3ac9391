"""Who we are to a push service (VAPID, RFC 8292): a token signed with the key that browsers subscribed to."""

from __future__ import annotations

import json
import time
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings

from core.channels.push.encryption import from_text, point, to_text

GOOD_SECONDS = 12 * 3600


def new_key() -> str:
    """A private key as VAPID_PRIVATE_KEY wants it."""
    return to_text(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32))


def public_key() -> str:
    """The key that browsers subscribe to; "" where none is set up."""
    return to_text(point(_key(settings.VAPID_PRIVATE_KEY).public_key())) if settings.VAPID_PRIVATE_KEY else ""


def authorization(endpoint: str, *, at: int | None = None) -> str:
    """The value of the header that proves us to the service of an endpoint, `at` this unix time."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": (int(time.time()) if at is None else at) + GOOD_SECONDS,
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    signed = ".".join(to_text(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_key(settings.VAPID_PRIVATE_KEY).sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{to_text(r.to_bytes(32) + s.to_bytes(32))}"
    return f"vapid t={token}, k={public_key()}"


@lru_cache(maxsize=2)
def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_text(text)), ec.SECP256R1())
