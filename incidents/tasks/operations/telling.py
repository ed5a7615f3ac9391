"""Who hears of a task: whoever is asked to do it, and when it is overdue also whoever commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.timers import operations as timers
from incidents.events import TaskChanged
from incidents.lifecycle.models import EntryKind, Incident, RoleAssignment
from incidents.lifecycle.operations import base, mail
from incidents.lifecycle.rules import Status
from incidents.tasks.models import Task
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome

DUE = "incidents.task_due"
ASKED = "incidents.task_asked"
OVERDUE = "incidents.task_overdue"


def follow(task: Task) -> None:
    """Let the reminder follow the due time of a task; one for an older time is taken back."""
    timers.cancel(DUE, [task.pk])
    if task.is_open and task.due_at is not None:
        mark = task.due_at.astimezone(UTC).isoformat()
        timers.set(DUE, task.pk, occurrence=mark, due_at=task.due_at, payload={"due_at": mark})


def ask(task: Task, *, actor: User | None) -> None:
    """Tell somebody that a task is theirs; nobody is told of what they took themselves."""
    if task.assignee is not None and task.assignee != actor:
        outbox.put([_message(task, task.assignee, client=ASKED, mark=str(task.version))])


@transaction.atomic
def remind(task_id: int, *, due_at: str) -> None:
    """Say that a task is overdue: to whoever has it and to whoever commands. Nothing where it is done or has moved."""
    incident_id = Task.objects.values_list("incident", flat=True).filter(pk=task_id).first()
    if incident_id is None:
        return
    base.locked(Incident(pk=incident_id))
    task = Task.objects.select_related("incident__severity", "assignee").get(pk=task_id)
    if not task.is_open or task.due_at is None or task.due_at != datetime.fromisoformat(due_at):
        return
    if task.incident.status == Status.CLOSED:
        return
    people = _who_hears(task)
    names = " and ".join(str(person) for person in people) or "nobody: nobody has it and nobody commands"
    base.enter(
        task.incident,
        EntryKind.REMINDER,
        f"Task overdue: {task.title}. Reminded {names}",
        actor=None,
        data={"task": task.pk, "due_at": due_at, "reminded": [person.pk for person in people]},
    )
    outbox.put([_message(task, person, client=OVERDUE, mark=due_at) for person in people])
    bus.emit(TaskChanged(incident_id=incident_id, task_id=task.pk, what="overdue"))
    base.tell(task.incident)


def _who_hears(task: Task) -> list[User]:
    commands = RoleAssignment.objects.filter(
        incident=task.incident, role__is_commander=True, ended_at=None
    ).select_related("user")
    people = [task.assignee] if task.assignee is not None else []
    people += [row.user for row in commands]
    return list(dict.fromkeys(person for person in people if person.is_active))


def _message(task: Task, person: User, *, client: str, mark: str) -> NewMessage:
    words = _words(task, is_late=client == OVERDUE)
    return NewMessage(
        key=f"{client}:{task.pk}:{mark}:{person.pk}",
        client=client,
        subject_id=task.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={
            "due_at": task.due_at.isoformat() if task.due_at else None,
            "late": client == OVERDUE,
            "subject": words.subject,
            "text": words.text,
        },
        not_after_seconds=3600,
    )


def _words(task: Task, *, is_late: bool) -> Content:
    """A private incident is not described outside the product (X-24)."""
    incident = task.incident
    url = f"{settings.BASE_URL}/incidents/{incident}/tasks/{task.pk}/"
    what = "Task overdue" if is_late else "A task for you"
    if incident.private:
        text = f"{what} in {mail.named(incident)}:\n{url}\n"
        return mail.content(incident, f"{what} in {incident}", text, url=url)
    due = f"Due {task.due_at:%Y-%m-%d %H:%M} UTC.\n" if task.due_at else ""
    text = (
        f"{task.title}\n\n{due}{incident} {incident.severity.label}: {incident.title}\n\n"
        f"Say there what came of it:\n{url}\n"
    )
    return mail.content(incident, f"{what} in {incident}: {task.title}", text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each message whose task is no longer open, or no longer this person's or due then."""
    tasks = {
        task.pk: task
        for task in Task.objects.open()
        .filter(pk__in={message.subject_id for message in messages})
        .exclude(incident__status=Status.CLOSED)
    }
    return {
        message.pk: "the task is done, dropped or somebody else's"
        for message in messages
        if not _still(tasks.get(message.subject_id), message)
    }


def _still(task: Task | None, message: Message) -> bool:
    if task is None:
        return False
    if message.content.get("late"):
        return task.due_at is not None and task.due_at.isoformat() == message.content.get("due_at")
    return task.assignee_id == message.user_id


def render(message: Message) -> Content:
    """Write a message as the task stands now."""
    task = Task.objects.select_related("incident__severity").get(pk=message.subject_id)
    return _words(task, is_late=bool(message.content.get("late")))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a message that did not arrive onto the timeline, once: whoever asked has to ask by voice."""
    for outcome in outcomes:
        task = Task.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if task is not None:
            updates.note_undelivered(task.incident, outcome, what=f"A message about “{task.title}”")
