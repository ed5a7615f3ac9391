"""What people answer to a page by the channel that brought it; whoever owns pages listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, with what says which page it is about.

    `key` is the message that was answered (a call's keypress), `token` came in the address (a mail). A text names
    its page by a code among its words, which counts only from the number that was paged (`sender`).
    """

    channel: str
    words: str
    sender: str = ""
    key: str = ""
    token: str = ""


_listeners: list[Callable[[Reply], str]] = []


def listen(listener: Callable[[Reply], str]) -> None:
    """Let a listener act on replies and give an answer for the person, "" for silence."""
    _listeners.append(listener)


def hear(reply: Reply) -> str:
    """Hand a reply over; the first answer that anybody has for it."""
    answers = (listener(reply) for listener in _listeners)
    return next((answer for answer in answers if answer), "")
