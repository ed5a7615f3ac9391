"""Asking one named person for one thing (R054)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from core.accounts.policy import Verb, can
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import TaskChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations.base import Ended, enter, locked, tell
from incidents.lifecycle.operations.people import admit
from incidents.lifecycle.rules import Status
from incidents.tasks import rules
from incidents.tasks.models import Task
from incidents.tasks.operations import telling

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


class NoTask(Refused):
    """A task says what is to be done."""


class CannotDoIt(Refused):
    """The person has left, or only reads."""


class NotThen(Refused):
    """A task is due within the next thirty days."""


def still_going(incident: Incident) -> Incident:
    """Give the incident, held; refused once it is closed."""
    row = locked(incident)
    if row.status == Status.CLOSED:
        raise Ended(f"{row} is closed. Reopen it first.")
    return row


@transaction.atomic
def add(
    incident: Incident,
    *,
    title: str,
    actor: User | None,
    assignee: User | None = None,
    due_at: datetime | None = None,
    hint: str = "",
) -> Task:
    """Ask for one thing, of one person or of nobody yet; they take part from then on and are told.

    Without an `actor` the product asks by itself.
    """
    incident = still_going(incident)
    if not title.strip():
        raise NoTask("Say what is to be done.")
    check(assignee, due_at)
    task = Task.objects.create(
        incident=incident,
        title=title.strip(),
        hint=hint.strip(),
        assignee=assignee,
        due_at=due_at,
        position=next_position(incident),
        created_by=actor,
    )
    if assignee is not None:
        admit(incident, assignee)
    enter(incident, EntryKind.TASK, f"Task for {_whom(task)}", actor=actor, data=said(task, "added"))
    telling.follow(task)
    telling.ask(task, actor=actor)
    bus.emit(TaskChanged(incident_id=incident.pk, task_id=task.pk, what="added"), actor=actor)
    tell(incident)
    return task


def _whom(task: Task) -> str:
    return f"{task.assignee or 'nobody yet'}: {task.title}"


def check(assignee: User | None, due_at: datetime | None) -> None:
    """Refuse somebody who cannot respond, and a due time that is past or out of sight."""
    if assignee is not None and not can(assignee, Verb.RESPOND):
        raise CannotDoIt(f"{assignee} cannot respond: the account is inactive or only reads.")
    if due_at is not None and not rules.sensible_due(due_at, at=now()):
        raise NotThen("A task is due within the next thirty days.")


def next_position(incident: Incident) -> int:
    """Give the place after the last task of an incident."""
    last = Task.objects.filter(incident=incident).aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def said(task: Task, what: str) -> dict[str, object]:
    """Give what the timeline keeps of a task beside the words."""
    return {
        "task": task.pk,
        "what": what,
        "assignee": task.assignee_id,
        "due_at": task.due_at.isoformat() if task.due_at else None,
    }
