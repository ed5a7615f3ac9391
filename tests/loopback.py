"""Tests talk to this machine alone: any other address fails where it is dialled."""

import ipaddress
import socket
from typing import Any

_resolve = socket.getaddrinfo


def guard() -> None:
    """Refuse connections that leave the machine, and names that only a name server knows."""
    socket.getaddrinfo = _getaddrinfo
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))


def _guarded(original: Any) -> Any:
    def dial(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(str(address[0])):
            raise RuntimeError(f"A test dialled {address[0]}; tests talk to loopback only.")
        return original(self, address)

    return dial


def _getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and not _is_literal(name) and name not in ("localhost", ""):
        raise socket.gaierror(socket.EAI_NONAME, f"{name}: tests have no name server")
    return _resolve(host, *args, **kwargs)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_local(host: str) -> bool:
    return host == "localhost" or (_is_literal(host) and ipaddress.ip_address(host).is_loopback)
