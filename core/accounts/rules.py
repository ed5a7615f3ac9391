"""How long somebody who got the password wrong has to wait.

Failures fill a bucket that leaks. Below `free` there is no wait; above it the wait doubles with each failure, up
to `longest`. There is no lock-out: whoever waits may try again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket: `free` failures without a wait, one forgotten every `leak_seconds`, no wait beyond `longest`."""

    free: int
    leak_seconds: float
    longest: float


PAIR = Limit(free=5, leak_seconds=300, longest=60)
"""One account tried from one network."""
NETWORK = Limit(free=20, leak_seconds=60, longest=60)
"""All accounts tried from one network."""
EVERYBODY = Limit(free=100, leak_seconds=1, longest=30)
"""The whole install, against a guess a machine from ten thousand machines."""

MAIL_TO_ONE = Limit(free=3, leak_seconds=1200, longest=3600)
"""Mails to one address that somebody asked for who is not signed in."""
MAIL_FROM_ONE = Limit(free=20, leak_seconds=180, longest=3600)
"""Mails to anybody, asked for from one network."""


def level_now(limit: Limit, *, level: float, elapsed: float) -> float:
    """Give the failures that are not yet forgotten, `elapsed` seconds after the last."""
    return max(0.0, level - elapsed / limit.leak_seconds)


def wait(limit: Limit, *, level: float, elapsed: float) -> float:
    """Give the seconds that are left to wait, 0 when the next try is free; a failure half forgotten still counts."""
    over = math.ceil(level_now(limit, level=level, elapsed=elapsed)) - limit.free
    if over < 0:
        return 0.0
    return max(0.0, min(limit.longest, float(2 ** min(over + 1, 16))) - elapsed)


def network(address: str | None) -> str:
    """Give the network that counts as one sender: an IPv4 address, or the /64 of an IPv6 address."""
    if address is None:
        return "unknown"
    found = ip_address(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
