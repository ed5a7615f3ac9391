"""The ways in which a message reaches a person: a folder each beside this file, with its `transport.py`."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Content:
    """What is said. Each channel takes what it can carry; `thread` joins messages about one thing.

    `code` and `token` are what an answer must carry to be about this: the code in a text, the token in an
    address. Where several read it, `room` is what a button carries instead: it proves nothing of whoever presses.
    `unsubscribe` is the address that ends such mails.
    """

    subject: str
    text: str
    html: str = ""
    url: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    thread: str = ""
    code: str = ""
    token: str = ""
    room: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to hand over. `key` is the same on every resend; `secret` is in the clear, for this call
    alone. `provider_id` names the message that is changed, where one is.
    """

    key: str
    address: str
    secret: str
    content: Content
    resent: bool = False
    timeout: float = 5.0
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it; `provider_id` is its own name for the message.

    With `receipt_seconds` the other side said that it will report what became of it, within so long.
    """

    provider_id: str = ""
    receipt_seconds: float | None = None


class Temporary(Exception):
    """It was not taken, and may be later; `retry_after` in seconds when the other side said so."""

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Permanent(Exception):
    """It was refused for good: trying again cannot help."""


class ProviderRefused(Permanent):
    """One provider refuses for a reason of its own, as a wrong password: another one may take it."""


class Unknown(Exception):
    """It was handed over whole, and no answer came: it may have arrived."""


class Token(StrEnum):
    """Whether a person gives a token of the service along with an address."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A kind of channel.

    `check_address` gives the address in its normal form or raises ValueError with a text for people; `hint`
    masks it for others to see; `send` hands over or raises Temporary, Permanent or Unknown. `is_ready` says
    whether the operator has set it up, so that people may choose it. An address that is not typed comes from the
    person's own browser, which is proof enough. One that is not offered is for the product's own use. With
    `needs_secret` a secret of ours goes along with the address; `token` is one that the service gave. `asks` says to
    people what to enter, `asks_room` the same of a room that belongs to several. Addresses are sealed where they are
    stored, but for those that stand in other tables anyway (e-mail) or are none. One that `is_for_programs` is told of each
    thing by itself where it belongs to several: a program does not tire, and wants to know each.

    `edit` changes the message that `Delivery.provider_id` names to what the delivery says now, any number of times;
    it raises like `send`, and Unknown is as good as Temporary. `edits` says at which addresses the service allows
    that; `reaches`, at which the operator's set-up suffices to send at all (a bot's address needs a bot); `hears`, at
    which a message can carry buttons and we are told who pressed one. A chat that
    cannot change is said so on the person's own screen. Its message never calls anybody else
    (`core.channels.chat.plain`) and offers answers where `Content.code` or `Content.room` is set.
    """

    kind: str
    name: str
    check_address: Callable[[str], str]
    hint: Callable[[str], str]
    send: Callable[[Delivery], Sent]
    needs_secret: bool = False
    token: Token = Token.NONE
    asks: str = ""
    asks_room: str = ""
    is_typed: bool = True
    is_ready: Callable[[], bool] = lambda: True
    is_offered: bool = True
    is_sealed: bool = True
    is_chat: bool = False
    is_for_programs: bool = False
    edit: Callable[[Delivery], None] | None = None
    edits: Callable[[str], bool] = lambda _address: True
    reaches: Callable[[str], bool] = lambda _address: True
    hears: Callable[[str], bool] = lambda _address: False

    def secret_of(self, given: str) -> str:
        """The secret that goes along with an address: one of ours, made where none was given, or the service's token.

        Raise ValueError with a text for people where the token is missing or is none.
        """
        if self.needs_secret:
            return given or secrets.token_urlsafe(32)
        if self.token is Token.NONE:
            return ""
        if not given and self.token is Token.REQUIRED:
            raise ValueError(f"{self.name} needs a token: {self.asks}")
        if not re.fullmatch(r"[!-~]*", given):
            raise ValueError("A token has no spaces and no letters outside ASCII.")
        return given


FIRST = ("email", "sms", "voice")
_ORDER = {kind: n for n, kind in enumerate(FIRST)} | {"webhook": len(FIRST) + 1}
_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Make a channel known under its kind."""
    _channels[channel.kind] = channel


def get(kind: str) -> Channel:
    """The channel of a kind; KeyError when there is none."""
    return _channels[kind]


def all() -> list[Channel]:
    """Every channel, in the order in which they were registered."""
    return list(_channels.values())


def offered() -> list[Channel]:
    """The channels that people may choose: set up, with an address to type.

    First what everybody has, then the services by name, last what a program reads.
    """
    found = [each for each in _channels.values() if each.is_offered and each.is_typed and each.is_ready()]
    return sorted(found, key=lambda each: (_ORDER.get(each.kind, len(FIRST)), each.name.casefold()))


def can_edit(kind: str, address: str) -> bool:
    """Whether a message that was sent to this address can be changed there afterwards."""
    channel = _channels.get(kind)
    return channel is not None and channel.edit is not None and channel.edits(address)


def can_reach(kind: str, address: str) -> bool:
    """Whether there is such a channel and what it needs to send to this address is set up."""
    channel = _channels.get(kind)
    return channel is not None and channel.is_ready() and channel.reaches(address)


def can_hear(kind: str, address: str) -> bool:
    """Whether messages to this address carry buttons, and we are told who pressed one."""
    channel = _channels.get(kind)
    return channel is not None and channel.hears(address)


def is_chat(kind: str) -> bool:
    """Whether people talk there."""
    channel = _channels.get(kind)
    return channel is not None and channel.is_chat


def editing() -> list[str]:
    """The kinds of channel by which a message can be changed after it was sent."""
    return [each.kind for each in _channels.values() if each.edit is not None]
