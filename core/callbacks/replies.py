"""What people answer to a page by the channel that brought it; whoever owns pages listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody answered, with what says which page it is about.

    `key` is the message that was answered (a call's keypress), `token` came in the address (a mail) or on a button
    (a chat). A text names its page by a code among its words. A text and a button count only from whom was paged, in a
    room from anybody who may act: `sender` is the number or the account, as the service that we trust gave it.
    """

    channel: str
    words: str
    sender: str = ""
    key: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a reply, in words for whoever sent it; `done` when it is as they wanted."""

    words: str
    done: bool


_listeners: list[Callable[[Reply], Result | None]] = []


def listen(listener: Callable[[Reply], Result | None]) -> None:
    """Let a listener act on replies and say what came of them, None where a reply means nothing to it."""
    _listeners.append(listener)


def hear(reply: Reply) -> Result | None:
    """Hand a reply over; what came of it, None where it meant nothing to anybody."""
    results = (listener(reply) for listener in _listeners)
    return next((result for result in results if result is not None), None)
