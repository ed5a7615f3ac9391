"""Which addresses of the network the product may call on somebody's behalf, and which never."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {80, 443, 8443}
LONGEST_URL = 2000

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_UNWELCOME = re.compile(r"[\x00-\x20\x7f\\]")
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
# What Python's is_global lets through, or lets through in some of its versions.
_NEVER = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]


class Blocked(Exception):
    """The address must not be called; the message says why in words for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of an http(s) address that was found well formed; `host` is in ASCII and lower case."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as they stand in an address and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in its normal form."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(url: str) -> Target:
    """Take an address apart without asking any name server. Raise Blocked when it is no plain http(s)
    address.
    """
    url = url.strip()
    if not url or len(url) > LONGEST_URL or _UNWELCOME.search(url):
        raise Blocked("This is not a web address.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Blocked("This is not a web address.") from error
    if parts.scheme not in {"http", "https"}:
        raise Blocked("The address must begin with https:// or http://.")
    if "@" in parts.netloc:
        raise Blocked("The address must not contain a user name or password.")
    if port == 0:
        raise Blocked("Port 0 cannot be called.")
    return Target(
        parts.scheme,
        _host(parts.hostname or ""),
        port or {"http": 80, "https": 443}[parts.scheme],
        _path(parts),
    )


def _host(name: str) -> str:
    if ":" in name:
        return str(_literal(name))
    try:
        ascii_name = name.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError as error:
        raise Blocked("The host name in the address is not valid.") from error
    if len(ascii_name) > 253 or not _NAME.fullmatch(ascii_name):
        raise Blocked("The host name in the address is not valid.")
    return ascii_name


def _literal(name: str) -> IPv6Address:
    try:
        address = IPv6Address(name)
    except ValueError as error:
        raise Blocked("The host name in the address is not valid.") from error
    if address.scope_id:
        raise Blocked("The address must not name a network interface.")
    return address


def _path(parts: SplitResult) -> str:
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._") or "/"
    return f"{path}?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else path


def networks(texts: Sequence[str]) -> list[Network]:
    """The networks of the setting PRIVATE_TARGETS."""
    return [ip_network(text, strict=False) for text in texts]


def check(target: Target, addresses: Sequence[str], private: Sequence[Network]) -> None:
    """Raise Blocked unless every address the name has may be called.

    One in a network that the operator allowed may be called on any port, a public one on 80, 443 and 8443.
    """
    unmapped = [unmap(ip_address(address)) for address in addresses]
    if unmapped and all(any(one in network for network in private) for one in unmapped):
        return
    if target.port not in PORTS:
        raise Blocked(f"Port {target.port} cannot be called, only 80, 443 and 8443.")
    if not all(is_public(one) or any(one in network for network in private) for one in unmapped):
        raise Blocked("The address leads into a private network, which PRIVATE_TARGETS does not allow.")


def check_literal(target: Target, private: Sequence[Network]) -> None:
    """Raise Blocked early, where an address with a number instead of a name can be judged without asking."""
    try:
        address = ip_address(target.host)
    except ValueError:
        return
    check(target, [str(address)], private)


def unmap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only carries (IPv4-mapped, NAT64); else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an unmapped address belongs to the public internet."""
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not address.is_multicast
