"""A chat that keeps what it is given: what was posted, and what each post says now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from core.channels import registry as channels
from core.channels.registry import Channel, Delivery, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KIND = "room"


class Room:
    """The chat "room": `posts` are the deliveries by the name each was given, as last changed."""

    def __init__(self) -> None:
        self.posts: dict[str, Delivery] = {}
        self.edits: list[Delivery] = []
        self.on_send: Callable[[Delivery], None] = lambda _: None
        self.on_edit: Callable[[Delivery], None] = lambda _: None
        self._lock = threading.Lock()

    def send(self, delivery: Delivery) -> Sent:
        self.on_send(delivery)
        with self._lock:
            name = f"post-{len(self.posts) + 1}"
            self.posts[name] = delivery
        return Sent(name)

    def edit(self, delivery: Delivery) -> None:
        self.on_edit(delivery)
        with self._lock:
            assert delivery.provider_id in self.posts
            self.posts[delivery.provider_id] = delivery
            self.edits.append(delivery)

    @property
    def titles(self) -> list[str]:
        """What each post says now, in one line."""
        return [delivery.content.subject for delivery in self.posts.values()]

    def join(self) -> Iterator[Room]:
        """Be a channel for as long as a fixture lasts; an address that begins with "fixed" allows no change."""
        channels.register(
            Channel(
                kind=KIND,
                name="Room",
                check_address=str,
                hint=str,
                send=self.send,
                is_chat=True,
                edit=self.edit,
                edits=lambda address: not address.startswith("fixed"),
            )
        )
        yield self
        del channels._channels[KIND]
