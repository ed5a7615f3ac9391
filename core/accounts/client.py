"""Where a request comes from."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def address(request: HttpRequest) -> str | None:
    """Give the client's address: the one that the outermost of our own proxies saw.

    Everything further left in X-Forwarded-For was written by the client and says nothing.
    """
    hops = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    proxies = settings.TRUSTED_PROXIES
    told = hops[-proxies] if 0 < proxies <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        found = ip_address(told)
    except ValueError:
        return None
    plain = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(plain or found)
