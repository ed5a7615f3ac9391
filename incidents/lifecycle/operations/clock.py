"""The clock of the next update: a column, and two timers that remind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.outbox import operations as outbox
from core.timers import operations as timers
from incidents.lifecycle import rules

if TYPE_CHECKING:
    from datetime import datetime

    from incidents.lifecycle.models import Incident

UPDATE_DUE = "incidents.update_due"
REMINDER = "incidents.reminder"


def rhythm(incident: Incident) -> int | None:
    """Give the seconds between updates: as agreed for this incident, else by its severity."""
    return incident.update_every_seconds or incident.severity.update_every_seconds


def follow(incident: Incident, due: datetime | None, *, at: datetime, why: str) -> None:
    """Let reminders follow a due time that changed; those for the old one are taken back.

    The column itself is the caller's to write.
    """
    timers.cancel(UPDATE_DUE, [incident.pk])
    outbox.suppress(REMINDER, [incident.pk], reason=why)
    if due is None:
        return
    mark = due.isoformat()
    soon = rules.reminder_at(at=at, due=due)
    if soon is not None:
        timers.set(
            UPDATE_DUE,
            incident.pk,
            occurrence=f"soon {mark}",
            due_at=soon,
            payload={"due_at": mark, "overdue": False},
        )
    timers.set(
        UPDATE_DUE,
        incident.pk,
        occurrence=f"late {mark}",
        due_at=due,
        payload={"due_at": mark, "overdue": True},
    )
