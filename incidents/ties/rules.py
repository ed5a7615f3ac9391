"""How incidents hang together, in words for both of them, and what may be part of what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Kind(StrEnum):
    RELATED = "related"
    DUPLICATE = "duplicate"
    CAUSED_BY = "caused_by"
    PART = "part"
    MERGED = "merged"
    SPLIT = "split"


BY_HAND = (Kind.RELATED, Kind.DUPLICATE, Kind.CAUSED_BY, Kind.PART)
"""What people tie; the others come about by merging and splitting."""
WORDS = {
    Kind.RELATED: ("Related to", "Related to"),
    Kind.DUPLICATE: ("Duplicate of", "Has the duplicate"),
    Kind.CAUSED_BY: ("Caused by", "Caused"),
    Kind.PART: ("Part of", "Has the part"),
    Kind.MERGED: ("Merged into", "Took in"),
    Kind.SPLIT: ("Split from", "Split off"),
}
SENTENCES = {
    Kind.RELATED: ("Related to another incident", "Related to another incident"),
    Kind.DUPLICATE: ("Duplicate of another incident", "Another incident is a duplicate of it"),
    Kind.CAUSED_BY: ("Caused by another incident", "It caused another incident"),
    Kind.PART: ("Part of another incident", "Another incident is part of it"),
    Kind.MERGED: ("Merged into another incident", "Another incident was merged into it"),
    Kind.SPLIT: ("Split from another incident", "Another incident was split from it"),
}
STAYS = "A part no longer fits here and stays where it is now"
"""What a timeline says where a merge is undone and not all comes back."""
DEEPEST = 3
"""A whole, its parts, and theirs: deeper than that nobody knows any more who commands what."""
REASON_LONGEST = 2000


def words(kind: str, *, back: bool = False) -> str:
    """Say how an incident hangs together with another, or the other with it."""
    return WORDS[Kind(kind)][back]


def sentence(kind: str, *, back: bool, ended: bool) -> str:
    """Say for a timeline that two were tied, or no longer are. Which the other is stands in no entry."""
    text = SENTENCES[Kind(kind)][back]
    return f"No longer: {text[0].lower()}{text[1:]}" if ended else text


def misfit(child: int, above: Sequence[int], *, below: int) -> str:
    """Say why an incident cannot be part of another; "" where it can.

    `above` are the other one and everything that it is part of, `below` is how many levels of parts the incident
    has itself.
    """
    if child in above:
        return "cycle"
    return "deep" if len(above) + 1 + below > DEEPEST else ""
