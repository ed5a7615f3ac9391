"""Write what whoever takes over has to know, hand it over at that moment, and note that they have read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts.policy import Verb, require
from core.errors import Refused
from core.events import bus
from core.live import publish as live
from oncall.events import HandoffAcknowledged, HandoffWritten
from oncall.handoffs import queries
from oncall.handoffs.models import Handoff, HandoffTask
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from core.accounts.models import User

MOST_TASKS = 100


class WrittenMeanwhile(Refused):
    def __init__(self) -> None:
        super().__init__("Somebody wrote in between. Their note is above; add yours to it and save again.")


class AlreadyRead(Refused):
    def __init__(self) -> None:
        super().__init__("Whoever took over has read it already. Write to the next one instead.")


class NotYours(Refused):
    def __init__(self) -> None:
        super().__init__("Only who took over acknowledges a hand-off.")


class TooManyTasks(Refused):
    def __init__(self) -> None:
        super().__init__(f"There are {MOST_TASKS} open tasks already. Finish some first.")


@transaction.atomic
def write(
    schedule: Schedule, *, text: str, seen: datetime | None, handoff: Handoff | None = None, actor: User
) -> Handoff:
    """Write the note of a hand-off, or of the one to come; refuse to write over what the actor has not `seen`."""
    require(actor, Verb.RESPOND)
    _lock(schedule)
    found = Handoff.objects.select_for_update().get(pk=handoff.pk) if handoff else queries.to_come(schedule)
    if found.acknowledged_at is not None:
        raise AlreadyRead
    if found.written_at != seen:
        raise WrittenMeanwhile
    found.text, found.written_by, found.written_at = text, actor, timezone.now()
    found.save()
    bus.emit(HandoffWritten(found.pk, schedule.pk), actor=actor)
    live.changed(f"schedule-{schedule.pk}")
    return found


@transaction.atomic
def hand_over(
    schedule: Schedule, *, at: datetime, outgoing: Collection[int], incoming: Collection[int]
) -> Handoff:
    """Close the note that was to come: others have taken over, and this is open. The same moment closes one."""
    _lock(schedule)
    done = Handoff.objects.filter(schedule=schedule, at=at).first()
    if done is not None:
        return done
    found = queries.to_come(schedule)
    found.at, found.outgoing, found.incoming = at, sorted(outgoing), sorted(incoming)
    found.alerts, found.incidents = queries.mentioned(schedule)
    found.save()
    live.changed(f"schedule-{schedule.pk}")
    return found


@transaction.atomic
def acknowledge(handoff: Handoff, *, actor: User) -> None:
    """Note that somebody who took over has read it; the second time changes nothing."""
    require(actor, Verb.RESPOND)
    found = Handoff.objects.select_for_update().get(pk=handoff.pk)
    if actor.pk not in found.incoming:
        raise NotYours
    if found.acknowledged_at is None:
        found.acknowledged_by, found.acknowledged_at = actor, timezone.now()
        found.save(update_fields=["acknowledged_by", "acknowledged_at"])
        bus.emit(HandoffAcknowledged(found.pk, found.schedule_id), actor=actor)
        live.changed(f"schedule-{found.schedule_id}")


@transaction.atomic
def add_task(schedule: Schedule, *, kind: str, text: str, actor: User) -> HandoffTask:
    """Note what should be better; it is handed on until it is done."""
    require(actor, Verb.RESPOND)
    _lock(schedule)
    if queries.open_tasks(schedule).count() >= MOST_TASKS:
        raise TooManyTasks
    task = HandoffTask.objects.create(schedule=schedule, kind=kind, text=text, created_by=actor)
    live.changed(f"schedule-{schedule.pk}")
    return task


def finish_task(task: HandoffTask, *, actor: User) -> None:
    """Take a task off the list; the second time changes nothing."""
    require(actor, Verb.RESPOND)
    HandoffTask.objects.filter(pk=task.pk, done_at=None).update(done_at=timezone.now(), done_by=actor)
    live.changed(f"schedule-{task.schedule_id}")


def _lock(schedule: Schedule) -> None:
    Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
