"""Whoever owes the next update is reminded before it is due, and again when it is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from core.clock import now
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from incidents.events import UpdateDue
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base, clock, mail
from incidents.updates import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome

UNDELIVERED = {"failed", "expired", "unknown"}


@transaction.atomic
def remind(incident_id: int, *, due_at: str, overdue: bool) -> None:
    """Remind those who owe the next update, that it is due soon or that it is overdue.

    Where the promise has changed meanwhile nothing happens. Where nobody looked at the clock until it was past
    (the workers were away), only the one about being overdue is said.
    """
    incident = Incident.objects.select_related("severity").select_for_update(of=("self",)).get(pk=incident_id)
    due = incident.next_update_due_at
    if due is None or due.isoformat() != due_at or not incident.is_active:
        return
    if not overdue and now() >= due:
        return
    people = queries.debtors(incident, overdue=overdue)
    names = " and ".join(str(person) for person in people) or "nobody: no role is taken"
    text = "Update overdue" if overdue else "Update due soon"
    base.enter(
        incident,
        EntryKind.REMINDER,
        f"{text}, reminded {names}",
        actor=None,
        data={"due_at": due_at, "overdue": overdue, "reminded": [person.pk for person in people]},
    )
    outbox.put([_message(incident, person, due_at=due_at, overdue=overdue) for person in people])
    bus.emit(UpdateDue(incident_id=incident.pk, due_at=due_at, overdue=overdue))
    base.tell(incident)


def _message(incident: Incident, person: User, *, due_at: str, overdue: bool) -> NewMessage:
    content = {"due_at": due_at, "overdue": overdue}
    words = _words(incident, overdue=overdue)
    return NewMessage(
        key=f"{clock.REMINDER}:{incident.pk}:{due_at}:{'late' if overdue else 'soon'}:{person.pk}",
        client=clock.REMINDER,
        subject_id=incident.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={**content, "subject": words.subject, "text": words.text},
        not_after_seconds=3600,
    )


def _words(incident: Incident, *, overdue: bool) -> Content:
    what = "Update overdue" if overdue else "Update due soon"
    url = f"{settings.BASE_URL}/incidents/{incident}/"
    name = mail.named(incident)
    text = f"{what} for {name}.\n\nWrite it, or press “No news” there:\n{url}\n"
    return mail.content(incident, f"{what}: {name}", text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each reminder that is no longer wanted: its promise was kept, changed or has ended."""
    due = dict(
        Incident.objects.filter(pk__in={message.subject_id for message in messages})
        .active()
        .values_list("pk", "next_update_due_at")
    )
    return {
        message.pk: "an update was published or the incident is over"
        for message in messages
        if (at := due.get(message.subject_id)) is None or at.isoformat() != message.content.get("due_at")
    }


def render(message: Message) -> Content:
    """Write a reminder as the incident stands now."""
    incident = Incident.objects.select_related("severity").get(pk=message.subject_id)
    return _words(incident, overdue=bool(message.content.get("overdue")))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a reminder that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        incident = Incident.objects.filter(pk=outcome.subject_id).first()
        if incident is not None:
            note_undelivered(incident, outcome, what="A reminder")


def note_undelivered(incident: Incident, outcome: Outcome, *, what: str) -> None:
    """Put onto the timeline that a message did not arrive, once, inside the caller's transaction."""
    if (
        outcome.state not in UNDELIVERED
        or incident.timeline.filter(data__message=outcome.message_id).exists()
    ):
        return
    data: dict[str, Any] = {"message": outcome.message_id, "state": outcome.state}
    text = f"{what} did not arrive by {outcome.channel}: {outcome.detail or outcome.state}"
    base.enter(incident, EntryKind.REMINDER, text, actor=None, data=data)
    base.tell(incident)
