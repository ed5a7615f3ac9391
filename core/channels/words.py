"""What channels make of a message's words in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.channels.registry import Content, Delivery

LONGEST_BODY = 1000
INVITATION = "Open, acknowledge or pass on"


def title(delivery: Delivery) -> str:
    """The subject, marked where the message may have arrived before."""
    subject = delivery.content.subject
    return f"{subject} (resent)" if delivery.resent else subject


def body(content: Content, *, longest: int = LONGEST_BODY, between: str = "\n") -> str:
    """The text without its first line, which the title says, and without the link, which stands on its own."""
    return between.join(paragraphs(content))[:longest]


def paragraphs(content: Content) -> list[str]:
    """The paragraphs of the text, but for the first and the one with the link."""
    found = content.text.split("\n\n")[1:]
    return [part for part in found if not content.url or content.url not in part]


def is_loud(content: Content) -> bool:
    """Whether it may wake somebody: a page of high urgency, or a test of one."""
    return content.data.get("urgency") == "high"


def invitation(content: Content) -> str:
    """What the link is for: only a page can be answered."""
    return INVITATION if content.code else "Open"
