"""The channels that a list may have on it. On-call registers those that it knows; the hub imports no spoke."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """A channel that is told and wakes nobody; `address` and `secret` are sealed as they are stored."""

    id: int
    name: str
    kind: str
    address: str
    secret: str
    hears_private: bool


Rooms = Callable[[], Sequence[Room]]

_rooms: list[Rooms] = []


def set_rooms(find: Rooms) -> None:
    """Name the function that gives the channels in use, in `AppConfig.ready()`."""
    _rooms[:] = [find]


def rooms() -> Sequence[Room]:
    """Give the channels in use; none where nobody registered any."""
    return _rooms[0]() if _rooms else ()
