"""Checklists come up in a room as tasks; what the room knows ticks some of their steps by itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from core.events import bus
from incidents.events import TaskChanged
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations.base import enter, locked, tell
from incidents.lifecycle.rules import Status
from incidents.tasks import queries
from incidents.tasks.models import Checklist, ChecklistStep, State, Task
from incidents.tasks.operations import changing, giving
from incidents.tasks.rules import Occasion

if TYPE_CHECKING:
    from core.accounts.models import User

SHIPPED = Path(__file__).parent.parent / "checklists.toml"


@transaction.atomic
def come_up(incident_id: int, occasion: Occasion) -> None:
    """Put the checklists of an occasion into the room while it lasts, each step once; again changes nothing."""
    incident = locked(Incident(pk=incident_id))
    if incident.is_active != (occasion == Occasion.DECLARED) or incident.status == Status.CLOSED:
        return
    for checklist in queries.due_checklists(incident, occasion):
        _put(incident, checklist, None)
    _settle(incident)
    tell(incident)


@transaction.atomic
def attach(incident: Incident, *, checklist: Checklist, actor: User) -> None:
    """Put a checklist into the room because somebody asks for it."""
    incident = giving.still_going(incident)
    added = _put(incident, checklist, actor)
    if added:
        data = {"checklist": checklist.name}
        enter(incident, EntryKind.TASK, f"Checklist: {checklist.name}", actor=actor, data=data)
        bus.emit(TaskChanged(incident_id=incident.pk, task_id=added[0].pk, what="added"), actor=actor)
    _settle(incident)
    tell(incident)


def _put(incident: Incident, checklist: Checklist, actor: User | None) -> list[Task]:
    there = set(
        Task.objects.filter(
            incident=incident, round=incident.reopened, step__checklist=checklist
        ).values_list("step", flat=True)
    )
    first = giving.next_position(incident)
    missing = [step for step in checklist.steps.all() if step.pk not in there]
    return Task.objects.bulk_create(
        [
            Task(
                incident=incident,
                title=step.title,
                hint=step.hint,
                list_name=checklist.name,
                step=step,
                round=incident.reopened,
                done_when=step.done_when,
                position=first + place,
                created_by=actor,
            )
            for place, step in enumerate(missing)
        ]
    )


@transaction.atomic
def settle(incident_id: int) -> None:
    """Tick what the room knows to be done. A step that somebody opened again stays open."""
    incident = locked(Incident(pk=incident_id))
    if _settle(incident):
        tell(incident)


def _settle(incident: Incident) -> bool:
    waiting = list(
        Task.objects.open().filter(incident=incident).exclude(done_when="").select_related("incident")
    )
    if not waiting:
        return False
    facts = queries.known(incident).facts
    done = [task for task in waiting if task.done_when in facts]
    for task in done:
        changing.end(task, State.DONE, "", None)
    return bool(done)


@transaction.atomic
def fall_away(incident_id: int) -> None:
    """Drop what makes no sense any more: all that is open once it is closed, else what an earlier end asked for."""
    incident = locked(Incident(pk=incident_id))
    open_ = Task.objects.open().filter(incident=incident).select_related("incident")
    why = "The incident was closed."
    if incident.status != Status.CLOSED:
        open_ = open_.filter(step__checklist__occasion=Occasion.RESOLVED, round__lt=incident.reopened)
        why = "The incident was opened again."
    for task in open_:
        changing.end(task, State.DROPPED, why, None)
    tell(incident)


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped checklists; one that has any keeps them."""
    if Checklist.objects.exists():
        return
    for row in tomllib.loads(SHIPPED.read_text())["checklist"]:
        steps = row.pop("step")
        checklist = Checklist.objects.create(**row)
        ChecklistStep.objects.bulk_create(
            ChecklistStep(checklist=checklist, position=place, **step) for place, step in enumerate(steps)
        )
