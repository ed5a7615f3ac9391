"""Who puts messages into the outbox, and what `drain()` has to do besides sending them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.channels.registry import Content

if TYPE_CHECKING:
    import threading

    from core.outbox.models import Message

__all__ = [
    "Client",
    "Companion",
    "Content",
    "Outcome",
    "Reasons",
    "Step",
    "add_companion",
    "add_step",
    "client",
    "companions",
    "register",
    "sources",
    "steps",
]

SENDING = 50
"""The place of the sending among the steps."""

Reasons = Mapping[int, str]
"""Why messages, by their ids, are no longer wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a message, for the listener of its client.

    `state` is an end of `core.outbox.models.State`, or "retrying" when only the fallback is wanted: two tries
    failed, or the next one is far away, and the message itself is still being tried. `content` is what its client
    promised the message with.
    """

    message_id: int
    client: str
    subject_id: int
    epoch: int
    user_id: int | None
    channel: str
    state: str
    detail: str
    fallback_wanted: bool
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """A part of the product that sends.

    `guard` is asked in the claiming transaction and gives a reason for each message id that is no longer
    wanted. `render` is asked just before sending, outside a transaction; when it raises, `content["subject"]`
    and `content["text"]` as stored with the message go out instead. `listener` is told in the transaction
    that records the outcome; at least once, so it must be safe to run twice. Messages of one that `edits` are no
    new ones: each changes the message that its `provider_id` names.
    """

    name: str
    guard: Callable[[Sequence[Message]], Reasons]
    render: Callable[[Message], Content]
    listener: Callable[[Sequence[Outcome]], None]
    edits: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A source of due work: `run` does what is due now, a bounded share of it, and gives how much it did.

    `soon` is the select by which `pagerd` finds out when to look again, for what must be done to the moment. `due`
    is a select of what is due at `{now}`, by which one look tells which steps there is reason to run; without it a
    step runs each time.
    """

    name: str
    run: Callable[[], int]
    order: int
    soon: str = ""
    due: str = ""

    @property
    def is_urgent(self) -> bool:
        """Whether it stands between an alert and its person."""
        return self.order <= SENDING


@dataclass(frozen=True, slots=True)
class Companion:
    """What `pagerd` does beside its work, in a thread of its own, until the event is set."""

    name: str
    run: Callable[[threading.Event], None]


_clients: dict[str, Client] = {}
_steps: dict[str, Step] = {}
_companions: dict[str, Companion] = {}


def register(client: Client) -> None:
    """Make a client known; call it in `AppConfig.ready()`."""
    _clients[client.name] = client


def client(name: str) -> Client | None:
    """The client of that name, None when the code that knew it is gone."""
    return _clients.get(name)


def add_step(name: str, run: Callable[[], int], *, order: int, soon: str = "", due: str = "") -> None:
    """Let `drain()` do this too, in order: signals 10, escalations 20, sending 50, events 60, timers 70.

    `soon` is a select of the earliest due time to come, as "select min(next_at) from … where next_at >
    now()", `due` one of what is due, as "select 1 from … where next_at <= {now}".
    """
    _steps[name] = Step(name, run, order, soon, due)


def add_companion(name: str, run: Callable[[threading.Event], None]) -> None:
    """Let `pagerd` do this beside its work; it must catch its own errors and give its connections back."""
    _companions[name] = Companion(name, run)


def companions() -> list[Companion]:
    """Everything that `pagerd` does beside its work."""
    return list(_companions.values())


def steps(*, sending: Callable[[], int], due: str) -> list[Step]:
    """Every step, in order, with the sending among them: what wakes people goes before what can wait."""
    messages = Step("messages", sending, SENDING, due=due)
    return sorted([*_steps.values(), messages], key=lambda step: step.order)


def sources() -> list[str]:
    """The selects by which `pagerd` finds out when to look again."""
    return [step.soon for step in _steps.values() if step.soon]
