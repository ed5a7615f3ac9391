"""Our part of a text that others write too: the topic of a channel. What others wrote there stays, letter by letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.channels import chat
from core.channels.registry import Permanent

if TYPE_CHECKING:
    from core.channels.registry import Delivery

BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Part:
    """What is ours: it begins with `key`. Of `words` the first that fits is taken, none takes it out.

    `was` is what we may have written last.
    """

    key: str
    words: Sequence[str] = ()
    was: Sequence[str] = ()


def parts(delivery: Delivery, escaped: Callable[[str], str]) -> list[Part]:
    """What a message has to say, in the form of the service. Raise Permanent where it says nothing of a topic."""
    found = delivery.content.data.get("parts")
    if not isinstance(found, list):
        raise Permanent("there is nothing to write")

    def plain(text: object) -> str:
        return escaped(chat.plain(str(text)))

    return [
        Part(
            plain(one["key"]),
            [plain(each) for each in one.get("words", ())],
            [plain(each) for each in one.get("was", ())],
        )
        for one in found
    ]


def replaced(topic: str, ours: Sequence[Part], *, longest: int, size: Callable[[str], int] = len) -> str:
    """The topic with our parts as they are now. Raise Permanent where they do not fit beside what others wrote."""
    most = max((len(part.words) for part in ours), default=0)
    for step in range(max(most, 1)):
        found = topic
        for part in ours:
            words = part.words[min(step, len(part.words) - 1)] if part.words else ""
            found = _with(found, part, words)
        if size(found) <= longest or found == topic:
            return found
    raise Permanent(f"what others wrote in the topic leaves no room: {longest} letters are the most")


def _with(topic: str, part: Part, words: str) -> str:
    place = _place(topic, part)
    if place is None:
        return BETWEEN.join(filter(None, [topic, words]))
    begin, end = place
    if words:
        return topic[:begin] + words + topic[end:]
    # With our part goes the sign that parts it from the rest.
    if topic[:begin].endswith(BETWEEN):
        return topic[: begin - len(BETWEEN)] + topic[end:]
    return topic[:begin] + topic[end:].removeprefix(BETWEEN)


def _place(topic: str, part: Part) -> tuple[int, int] | None:
    """Where our part stands: as we wrote it, else from its key to the next bar or the end of the line."""
    for text in part.was:
        if text and (found := re.search(rf"(?<!\w){re.escape(text)}(?!\w)", topic)):
            return found.span()
    found = re.search(rf"(?:^|(?<= \| )|(?<=\n)){re.escape(part.key)}.*?(?= \| |\n|$)", topic)
    return found.span() if found else None
