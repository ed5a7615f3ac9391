"""What learning tells the others. Documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("postmortem.opened")
@dataclass(frozen=True, slots=True)
class PostmortemOpened:
    """A draft was made from a resolved incident."""

    postmortem_id: int
    incident_id: int


@event("postmortem.published")
@dataclass(frozen=True, slots=True)
class PostmortemPublished:
    """A postmortem was published to the company."""

    postmortem_id: int
    incident_id: int


@event("action_item.done")
@dataclass(frozen=True, slots=True)
class ActionItemDone:
    """An action item was done, verified or dropped."""

    action_item_id: int
    status: str


@event("action_item.overdue")
@dataclass(frozen=True, slots=True)
class ActionItemOverdue:
    """An action item passed its date and its owner was reminded."""

    action_item_id: int
    owner_id: int | None
