"""What came in: which address, whose key, how much of a body."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.stack import bodies
from oncall.alerts.accept.answers import PAGERDUTY, PAGERDUTY_BY_ADDRESS, PLAIN, Style
from oncall.alerts.parsers import CHANGE

if TYPE_CHECKING:
    from core.stack.bodies import Receive, Scope

PREFIX = "/integrations/v1/"
MAX_DROPPED = 10_000_000
"""How much of a body that is too large is read and dropped: many senders see no answer before they sent it all."""
_EVENTS = {
    "/v2/enqueue": "pagerduty",
    "/pagerduty/v2/enqueue": "pagerduty",
    "/v2/change/enqueue": CHANGE,
    "/pagerduty/v2/change/enqueue": CHANGE,
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the door. `path` is for people to read: it holds no key."""

    path: str
    kind: str
    key: str
    style: Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request whose body has been read. Without `complete` its sender promised more than it sent."""

    path: str
    kind: str
    key: str
    style: Style
    body: bytes
    content_type: str
    idempotency_key: str | None
    complete: bool
    too_large: bool


def address(path: str) -> Address | None:
    """What is meant by a path, a trailing slash or none; None when it is none of ours."""
    plain = path.rstrip("/")
    if plain in _EVENTS:
        return Address(plain, _EVENTS[plain], "", PAGERDUTY)
    if not plain.startswith(PREFIX):
        return None
    kind, _, key = plain.removeprefix(PREFIX).partition("/")
    return Address(f"{PREFIX}{kind}/", kind, key, PAGERDUTY_BY_ADDRESS if kind == "pagerduty" else PLAIN)


async def read(scope: Scope, receive: Receive, place: Address, *, limit: int) -> Request | None:
    """The whole request, its body up to `limit` bytes; None when the sender went away."""
    headers = dict(scope["headers"])
    body = await _body(receive, limit=limit)
    if body is None:
        return None
    return Request(
        path=place.path,
        kind=place.kind,
        key=place.key if place.key != "-" else _key_of(headers.get(b"authorization", b"")),
        style=place.style,
        body=body[:limit],
        content_type=headers.get(b"content-type", b"").decode("latin-1")[:100],
        idempotency_key=headers.get(b"idempotency-key", b"").decode("latin-1")[:200] or None,
        complete=len(body) > limit or bodies.declared_length(scope) in (None, len(body)),
        too_large=len(body) > limit,
    )


async def _body(receive: Receive, *, limit: int) -> bytes | None:
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= MAX_DROPPED:
        message = await receive()
        if message["type"] != "http.request":
            return None
        if size <= limit:
            parts.append(message.get("body", b""))
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _key_of(header: bytes) -> str:
    """The key in an Authorization header: a bearer token, or the password of basic authentication."""
    scheme, _, credentials = header.decode("latin-1").partition(" ")
    if scheme.lower() != "basic":
        return credentials.strip() or scheme
    try:
        user, _, password = (
            base64.b64decode(credentials, validate=True).decode(errors="replace").partition(":")
        )
    except binascii.Error:
        return ""
    return password or user
