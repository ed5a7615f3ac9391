"""Who is told of an update: what kind of update it is, and how those who get it are named in a few words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


OUTSIDE = "somebody outside"
"""What somebody without an account is called where their address is not to be read."""


class Kind(StrEnum):
    """What an update is to those who read it."""

    FIRST = "first"
    LATER = "later"
    NO_NEWS = "no_news"
    OVER = "over"


WORDS = {
    Kind.FIRST: "First word",
    Kind.LATER: "What is new",
    Kind.NO_NEWS: "No news",
    Kind.OVER: "It is over",
}


def kind_of(*, is_first: bool, no_news: bool, is_over: bool) -> Kind:
    """Give what an update is: its end counts before its being the first, both before there being no news."""
    if is_over:
        return Kind.OVER
    if is_first:
        return Kind.FIRST
    return Kind.NO_NEWS if no_news else Kind.LATER


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person, mail address or channel that is told, and the lists by which it is.

    `key` is the same for the same one on every list: "user:5", "mail:x@example.com" or "room:3".
    """

    key: str
    name: str
    channel: str
    address: str
    lists: tuple[str, ...]
    user_id: int | None = None
    room_id: int | None = None
    secret: str = ""
    hears_private: bool = False
    takes_part: bool = False
    page: str = "room"
    subscription_id: int | None = None

    @property
    def is_room(self) -> bool:
        return self.room_id is not None


def united(found: Sequence[Recipient], *, without: Collection[str] = ()) -> list[Recipient]:
    """Give each recipient once, with all the lists by which it is told; those `without` are left out."""
    by_key: dict[str, Recipient] = {}
    for each in found:
        known = by_key.get(each.key, each)
        lists = tuple(dict.fromkeys((*known.lists, *each.lists)))
        kept = known if known.user_id is not None else each
        takes_part = known.takes_part or each.takes_part
        page = "room" if takes_part else known.page
        by_key[each.key] = replace(
            kept,
            lists=lists,
            takes_part=takes_part,
            page=page,
            subscription_id=known.subscription_id or each.subscription_id,
        )
    return [each for key, each in by_key.items() if key not in without]


def counted(people: int, rooms: int) -> str:
    """Name how many are told: "14 people and 2 channels"; empty for nobody."""
    parts = []
    if people:
        parts.append(f"{people} {'person' if people == 1 else 'people'}")
    if rooms:
        parts.append(f"{rooms} {'channel' if rooms == 1 else 'channels'}")
    return " and ".join(parts)


def count(found: Sequence[Recipient]) -> tuple[int, int]:
    """Give how many people and how many channels these are."""
    rooms = sum(each.is_room for each in found)
    return len(found) - rooms, rooms


def button(found: Sequence[Recipient], *, named: str = "") -> str:
    """Say on a button who will be told: "Tell 14 people and 2 channels", "Tell Support: 3 people".

    `named` is the one list they are on, where it is one.
    """
    words = counted(*count(found))
    if not words:
        return "Publish, nobody is told"
    return f"Tell {named}: {words}" if named else f"Tell {words}"
