"""What every chat service shares: a message as a card, names that call nobody, and a request whose answer is judged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.channels import answers, calls, words
from core.channels.registry import Permanent, Temporary

if TYPE_CHECKING:
    from core.channels.registry import Delivery
    from core.net import http

LONGEST_TITLE = 200
LONGEST_BODY = 2000
ACKNOWLEDGE, PASS_ON = "ack", "pass"
"""What a button says to `core.callbacks.replies`."""
CALLS_NOBODY = "\u200b"
"""Stands after the sign that would make a name a call; nobody sees it."""

_CALL = re.compile(r"(?<![\w])@(?=\w)")


@dataclass(frozen=True, slots=True)
class Card:
    """A message in a chat: what is wrong, what else is known, the link, and what its buttons carry.

    Without a `token` it has no buttons. `state` is "open" while it asks for somebody, else what became of it.
    """

    title: str
    body: str
    url: str
    token: str
    state: str = "open"

    @property
    def text(self) -> str:
        """The whole in plain words, for what shows no more than a line."""
        return "\n\n".join(part for part in (self.title, self.body) if part)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: by which account, what it means, and the token it carries."""

    sender: str
    words: str
    token: str


def card(delivery: Delivery, *, hears: bool, alone: bool) -> Card:
    """A message as a chat shows it: none of its words calls anybody.

    It has buttons where we hear who presses them: the page's own only where the bot and its person are `alone`.
    """
    content = delivery.content
    own = content.token if content.code and alone else ""
    return Card(
        plain(words.title(delivery))[:LONGEST_TITLE],
        plain(words.body(content, longest=LONGEST_BODY)),
        content.url,
        (content.room or own) if hears else "",
        str(content.data.get("state") or "open"),
    )


def check_address(address: str, *, form: re.Pattern[str], wrong: str, bot: str) -> str:
    """An address of a bot's in the given form, or a webhook's. Raise ValueError with a text for people.

    `wrong` says what is asked for; `bot` names the setting that is empty where there is no bot, else it is "".
    """
    given = address.strip()
    if given.lower().startswith("http"):
        return calls.check_address(given)
    if not form.fullmatch(given):
        raise ValueError(wrong)
    if bot:
        raise ValueError(f"Only a webhook's address works here: there is no bot ({bot}).")
    return given


def is_webhook(address: str) -> bool:
    """Whether an address is a webhook's, to which a message goes without a bot."""
    return address.startswith("http")


def plain(text: str) -> str:
    """A text from outside in which nothing is invisible and no "@name" calls anybody."""
    shown = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    return _CALL.sub(f"@{CALLS_NOBODY}", shown)


def call(
    service: str,
    url: str,
    said: Mapping[str, Any] | Sequence[str],
    *,
    timeout: float,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    repeats: bool = False,
) -> http.Response:
    """Ask a service with JSON, as `calls.call` does; give its answer, whatever its status."""
    return calls.call(
        url,
        method=method,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        body=b"" if method == "GET" else json.dumps(said).encode(),
        timeout=timeout,
        repeats=repeats,
        who=service,
    )


def taken(service: str, answer: http.Response) -> dict[str, Any]:
    """The JSON object of an answer that is a success; raise Temporary or Permanent for any other."""
    try:
        answers.judge(answer)
    except Temporary as error:
        raise Temporary(f"{service}: {error}", retry_after=error.retry_after) from error
    except Permanent as error:
        raise Permanent(f"{service}: {error}") from error
    return calls.read(answer)
