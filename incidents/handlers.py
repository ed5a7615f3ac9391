"""Reactions to what others say, and to the clock. Each is safe to run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.events.bus import on
from core.timers import registry as timers
from incidents.events import ChangeRecorded
from incidents.lifecycle import operations as lifecycle
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from core.events.bus import Meta
    from core.timers.models import Timer


@timers.on(lifecycle.UPDATE_DUE)
def remind(timer: Timer) -> None:
    """An update is due soon, or overdue: remind those who owe it."""
    updates.remind(timer.subject_id, due_at=timer.payload["due_at"], overdue=timer.payload["overdue"])


@on(ChangeRecorded)
def show_change(fact: ChangeRecorded, meta: Meta) -> None:
    """Something was changed on a service: the open incidents of it should know."""
    lifecycle.note_change(fact.change_id)
