"""Writing onto the timeline of a room; what is asked of somebody by name becomes a task of theirs (R054)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.clock import now
from incidents.attachments import operations as attachments
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status
from incidents.tasks import operations as tasks
from incidents.tasks import queries as task_queries
from incidents.tasks import rules
from incidents.updates import operations as updates
from incidents.updates.models import Update

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.accounts.models import User
    from incidents.attachments.parsers import File
    from incidents.lifecycle.models import Incident, TimelineEntry
    from incidents.tasks.models import Task

ASKING = (EntryKind.NOTE, EntryKind.DECISION, EntryKind.ACTION)


@dataclass(frozen=True, slots=True)
class Wrote:
    """What was written, what it asks of whom, and the @names that mean nobody, or more than one."""

    entry: TimelineEntry
    tasks: Sequence[Task]
    unknown: Sequence[str]


@transaction.atomic
def write(
    incident: Incident, *, kind: str, text: str, actor: User, files: Sequence[File] = (), **more: Any
) -> Wrote:
    """Write an entry, and ask those named in it for what stands behind their name.

    `more` is what `lifecycle.write_down` takes, and `next_update_in_seconds` where the next word is promised with
    it. What is written of the past asks nobody for anything. `files` are kept with the incident and shown with it.
    """
    promised = more.pop("next_update_in_seconds", None)
    if files:
        kept = attachments.keep(incident, files=files, actor=actor)
        more["data"] = attachments.entered(kept)
    entry = lifecycle.write_down(incident, kind=kind, text=text, actor=actor, **more)
    if promised is not None:
        lifecycle.promise(incident, seconds=promised, actor=actor)
    if more.get("at") is not None or entry.kind not in ASKING or incident.status == Status.CLOSED:
        return Wrote(entry, (), ())
    asks = rules.asks(entry.text)
    people = task_queries.named(incident, [ask.name for ask in asks])
    at = now()
    made = [
        tasks.add(
            incident,
            title=ask.what,
            assignee=people[ask.name],
            due_at=at + ask.within if ask.within else None,
            hint="Say there what the answer is." if ask.is_question else "",
            actor=actor,
        )
        for ask in asks
        if ask.name in people
    ]
    return Wrote(entry, made, [ask.name for ask in asks if ask.name not in people])


@transaction.atomic
def publish(
    incident: Incident, *, actor: User, key: UUID | None = None, files: Sequence[File] = (), **said: Any
) -> Update:
    """Publish an update with files that its entry shows inside; customers get none. The same `key` again keeps none."""
    incident = base.locked(incident)
    known = key is not None and Update.objects.filter(idempotency_key=key, incident=incident).exists()
    kept = [] if known or not files else attachments.keep(incident, files=files, actor=actor)
    shown = [row.pk for row in kept]
    return updates.publish(incident, **said, actor=actor, key=key, attachments=shown)
