"""Request bodies taken whole or not at all, whatever the framing they came in."""

from collections.abc import Awaitable, Callable
from typing import Any

# What the ASGI libraries agree on at run time; their own types exclude one another.
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class TooLarge(Exception):
    """The body is over the limit; what came of it was dropped."""


class CutOff(Exception):
    """The sender went away before its body was complete: nothing may be made of the part that came."""


def declared_length(scope: Scope) -> int | None:
    """The Content-Length of a request, None when it has none (a chunked body, or none at all)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


async def whole(scope: Scope, receive: Receive, *, limit: int) -> bytes:
    """The complete body of at most `limit` bytes; TooLarge or CutOff otherwise."""
    expected = declared_length(scope)
    if expected is not None and expected > limit:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise CutOff
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise TooLarge
    if expected is not None and size != expected:
        raise CutOff
    return b"".join(parts)


def with_length(scope: Scope, length: int) -> Scope:
    """The same request as if it had been sent with a Content-Length; WSGI reads a chunked body as empty."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"transfer-encoding", b"content-length")
    ]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, then what the connection does."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
