"""What the outbox tells the others. Past tense; ids and the values a listener needs; documented in
docs/events.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("message.lost")
@dataclass(frozen=True, slots=True)
class MessageLost:
    """A message ended without anybody knowing that it arrived: `state` is expired or unknown."""

    message_id: int
    client: str
    about_id: int
    user_id: int | None
    channel: str
    state: str
    detail: str
