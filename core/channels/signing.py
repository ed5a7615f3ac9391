"""How we sign what we post, and how those sign who post to us: HMAC-SHA256 over "<unix time>.<body>", in hex.

The header says `t=<unix time>,v1=<hex>`, in the form that Stripe and many gateways have.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256

SIGNATURE = "X-Watchbill-Signature"
FRESH_SECONDS = 300
MOST_DIGITS = 12


def sign(body: bytes, *, secret: str, at: int) -> str:
    """The value of the signature's header for a body sent `at` this unix time."""
    return f"t={at},v1={_mac(body, secret=secret, stamp=str(at))}"


def proof(body: bytes, given: str, *, secret: str) -> str:
    """The one signature of a body that a header signs lately, however it is written there; "" where it does not.

    While a secret is changed the header may hold several.
    """
    pairs = [part.strip().partition("=") for part in given.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    if not secret or len(stamps) != 1 or not is_fresh(stamps[0]):
        return ""
    mac = _mac(body, secret=secret, stamp=stamps[0])
    fits = [hmac.compare_digest(mac.encode(), value.encode()) for name, _, value in pairs if name == "v1"]
    return mac if any(fits) else ""


def is_fresh(stamp: str) -> bool:
    """Whether a unix time in digits is no more than five minutes away."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= MOST_DIGITS):
        return False
    return abs(time.time() - int(stamp)) <= FRESH_SECONDS


def _mac(body: bytes, *, secret: str, stamp: str) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
