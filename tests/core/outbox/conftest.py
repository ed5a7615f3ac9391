from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from core.channels import registry as channels
from core.channels.registry import Channel, Content, Delivery, Sent
from core.outbox import operations, registry
from core.outbox.operations import NewMessage

if TYPE_CHECKING:
    from core.outbox.models import Message
    from core.outbox.registry import Outcome


class Recorder:
    """A channel that keeps what it is given and answers as it is told, from any thread."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answer: Callable[[Delivery], Sent] = lambda _: Sent("taken")
        self._lock = threading.Lock()

    def send(self, delivery: Delivery) -> Sent:
        with self._lock:
            self.deliveries.append(delivery)
        return self.answer(delivery)

    @property
    def keys(self) -> list[str]:
        return [delivery.key for delivery in self.deliveries]


@dataclass
class Sender:
    """A client of the outbox: what it no longer wants, what it says, and what it was told."""

    unwanted: dict[int, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    say: Callable[[Message], Content] = lambda message: Content(f"about {message.subject_id}", "words")
    listen: Callable[[Sequence[Outcome]], None] = lambda _: None

    def guard(self, messages: Sequence[Message]) -> dict[int, str]:
        self.asked += [message.subject_id for message in messages]
        return {
            message.pk: self.unwanted[message.subject_id]
            for message in messages
            if message.subject_id in self.unwanted
        }

    def render(self, message: Message) -> Content:
        return self.say(message)

    def listener(self, outcomes: Sequence[Outcome]) -> None:
        self.listen(outcomes)
        self.outcomes += outcomes

    @property
    def told(self) -> list[tuple[int, str, bool]]:
        return [(one.subject_id, one.state, one.fallback_wanted) for one in self.outcomes]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """The channel "recorder"."""
    channel = Recorder()
    channels.register(
        Channel(kind="recorder", name="Recorder", check_address=str, hint=str, send=channel.send)
    )
    yield channel
    del channels._channels["recorder"]


@pytest.fixture
def client_() -> Iterator[Sender]:
    """The client "test"."""
    sender = Sender()
    registry.register(registry.Client("test", sender.guard, sender.render, sender.listener))
    yield sender
    del registry._clients["test"]


def put(*subjects: int, **changes: Any) -> list[int]:
    """Promise a message about each subject, keyed "m1", "m2" …, to be sent by the recorder now."""
    fields: dict[str, Any] = {
        "client": "test",
        "lane": 0,
        "channel": "recorder",
        "address": "somewhere",
        "content": {"subject": "stored subject", "text": "stored words"},
    } | changes
    messages = [NewMessage(**{"key": f"m{subject}", "subject_id": subject, **fields}) for subject in subjects]
    with transaction.atomic():
        return operations.put(messages)
