"""What becomes of a task: it goes to somebody else, is done, dropped, opened again or moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import TaskChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations.base import ChangedMeanwhile, enter, tell
from incidents.lifecycle.operations.people import admit
from incidents.tasks.models import State, Task
from incidents.tasks.operations import giving, telling

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User


class NoWhy(Refused):
    """What is dropped was wanted once; the room should know why no more."""


@transaction.atomic
def change(
    task: Task,
    *,
    actor: User,
    title: str | None = None,
    hint: str | None = None,
    assignee: User | None = None,
    due_at: datetime | None = None,
    version: int | None = None,
) -> Task:
    """Write a task anew: `assignee` and `due_at` replace what was there, also by nobody and never.

    A text that is None stays. Somebody new takes part from then on and is told.
    """
    task = _held(task, version=version)
    new = {
        "title": task.title if title is None else title.strip(),
        "hint": task.hint if hint is None else hint.strip(),
        "assignee": assignee,
        "due_at": due_at,
    }
    if not new["title"]:
        raise giving.NoTask("Say what is to be done.")
    if all(getattr(task, name) == value for name, value in new.items()):
        return task
    has_new_doer, has_new_time = assignee != task.assignee, due_at != task.due_at
    giving.check(assignee if has_new_doer else None, due_at if has_new_time else None)
    _write(task, **new)
    if assignee is not None:
        admit(task.incident, assignee)
    if has_new_doer:
        telling.ask(task, actor=actor)
    if has_new_time:
        telling.follow(task)
    _tell(task, f"Task for {assignee or 'nobody yet'}: {task.title}", "changed", actor)
    return task


@transaction.atomic
def finish(task: Task, *, actor: User, result: str = "") -> Task:
    """Say that a task is done, and what came of it. A second time changes nothing."""
    return _end(task, State.DONE, result, actor)


@transaction.atomic
def drop(task: Task, *, actor: User, why: str) -> Task:
    """Say that a task is not done any more, and why."""
    if not why.strip():
        raise NoWhy("Say why it is not needed any more.")
    return _end(task, State.DROPPED, why, actor)


@transaction.atomic
def reopen(task: Task, *, actor: User) -> Task:
    """Open a task again that was ended; its reminder comes back with it, and nothing ticks it but a person."""
    task = _held(task)
    if task.is_open:
        return task
    _write(task, state=State.OPEN, ended_at=None, ended_by=None, result="", done_when="")
    telling.follow(task)
    _tell(task, f"Open again: {task.title}", "reopened", actor)
    return task


@transaction.atomic
def move(task: Task, *, by: int, actor: User) -> Task:
    """Let a task change places with its neighbour in the same list: `by` -1 is up, 1 is down. At an end it stays."""
    task = _held(task)
    order = list(
        Task.objects.filter(incident=task.incident, list_name=task.list_name).exclude(state=State.DROPPED)
    )
    place = next(index for index, each in enumerate(order) if each.pk == task.pk)
    other = place + (1 if by > 0 else -1)
    if 0 <= other < len(order):
        neighbour = order[other]
        mine, theirs = task.position, neighbour.position
        _write(neighbour, position=mine)
        _write(task, position=theirs)
        bus.emit(TaskChanged(incident_id=task.incident_id, task_id=task.pk, what="moved"), actor=actor)
        tell(task.incident)
    return task


def end(task: Task, state: State, result: str, actor: User | None) -> None:
    """End a held task, inside the caller's transaction, without a word on the timeline."""
    _write(task, state=state, result=result.strip(), ended_at=now(), ended_by=actor)
    telling.follow(task)


def _end(task: Task, state: State, result: str, actor: User) -> Task:
    task = _held(task)
    if task.state == state:
        return task
    end(task, state, result, actor)
    words = f"{state.label}: {task.title}" + (f". {task.result}" if task.result else "")
    _tell(task, words, state.value, actor)
    return task


def _held(task: Task, *, version: int | None = None) -> Task:
    """Give a task as it stands, with its incident held."""
    incident = giving.still_going(task.incident)
    row = Task.objects.select_related("assignee").get(pk=task.pk)
    row.incident = incident
    if version is not None and row.version != version:
        raise ChangedMeanwhile(
            "Somebody changed this task while you were writing. Look again before you save."
        )
    return row


def _write(task: Task, **columns: object) -> None:
    for name, value in columns.items():
        setattr(task, name, value)
    task.version += 1
    task.save(update_fields=[*columns, "version"])


def _tell(task: Task, words: str, what: str, actor: User) -> None:
    enter(task.incident, EntryKind.TASK, words, actor=actor, data=giving.said(task, what))
    bus.emit(TaskChanged(incident_id=task.incident_id, task_id=task.pk, what=what), actor=actor)
    tell(task.incident)
