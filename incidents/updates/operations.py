from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.outbox.registry import Content
from incidents.events import UpdateDue, UpdatePublished
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle import rules as lifecycle_rules
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base, clock
from incidents.lifecycle.rules import Status
from incidents.updates import queries, rules
from incidents.updates.models import Audience, Update, UpdateTemplate
from incidents.updates.registry import public_outlet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Outcome

SHIPPED = Path(__file__).parent / "templates.toml"
SHORTEST, LONGEST = 60, 7 * 86400
UNDELIVERED = {"failed", "expired", "unknown"}


class NothingToSay(Refused):
    """An update has words."""


class NotAnAudience(Refused):
    """Updates go to people inside, or to the public."""


class StaysInside(Refused):
    """A private incident or a drill is not told to customers."""


class NotATime(Refused):
    """The next update comes within a minute and a week."""


class NotAStage(Refused):
    """There is no such stage."""


@transaction.atomic
def publish(  # noqa: PLR0913 - each is one choice of the composer
    incident: Incident,
    *,
    audience: str,
    text: str = "",
    status: str | None = None,
    components: Mapping[str, str] | None = None,
    public_title: str = "",
    next_update_in_seconds: int | None = None,
    no_news: bool = False,
    actor: User | None,
    key: UUID | None = None,
) -> Update:
    """Publish a written update and set the clock of the next one.

    The span given explicitly wins over the rhythm. A later stage than the incident's moves the incident along.
    The same `key` again gives the update that was published with it.
    """
    incident = base.locked(incident)
    known = Update.objects.filter(idempotency_key=key, incident=incident).first() if key else None
    if known is not None:
        return known
    stage = _stage(status) or Status(incident.status)
    _check(incident, audience, components or {}, next_update_in_seconds)
    if lifecycle_rules.goes_along(Status(incident.status), stage):
        incident = lifecycle.move(incident, to=stage, actor=actor)
    at = now()
    every = next_update_in_seconds or lifecycle.rhythm(incident)
    due = lifecycle_rules.next_due(at=at, every=every) if incident.is_active else None
    public = audience == Audience.PUBLIC
    words = text.strip() or (rules.no_news(every if due else None, public=public) if no_news else "")
    if not words:
        raise NothingToSay("Write what people should know, or press “No news”.")
    update = Update.objects.create(
        incident=incident,
        audience=audience,
        status=stage,
        text=words,
        public_title=public_title.strip() if public else "",
        components=dict(components or {}) if public else {},
        next_update_in_seconds=next_update_in_seconds,
        next_update_due_at=due,
        no_news=no_news,
        author=actor,
        idempotency_key=key,
    )
    _follow(incident, update, actor, at)
    return update


def _stage(status: str | None) -> Status | None:
    try:
        return Status(status) if status else None
    except ValueError:
        raise NotAStage(f"There is no stage “{status}”.") from None


def _check(incident: Incident, audience: str, components: Mapping[str, str], seconds: int | None) -> None:
    if audience not in Audience.values:
        raise NotAnAudience("An update is internal or public.")
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        raise NotATime("The next update comes within a minute and a week.")
    if audience != Audience.PUBLIC:
        return
    if incident.private:
        raise StaysInside("This incident is private: customers are not told of it.")
    if incident.drill:
        raise StaysInside("This is a drill: customers are not told of it.")
    outlet = public_outlet()
    if outlet is not None:
        outlet.check(components)


def _follow(incident: Incident, update: Update, actor: User | None, at: datetime) -> None:
    due = update.next_update_due_at
    base.enter(
        incident,
        EntryKind.PUBLIC_UPDATE if update.audience == Audience.PUBLIC else EntryKind.UPDATE,
        update.text,
        actor=actor,
        data={
            "update": update.pk,
            "stage": update.status,
            "no_news": update.no_news,
            "next_update_due_at": due.isoformat() if due else None,
        },
    )
    base.write(incident, last_update_at=at, next_update_due_at=due)
    clock.follow(incident, due, at=at, why="an update was published")
    bus.emit(
        UpdatePublished(incident_id=incident.pk, update_id=update.pk, audience=update.audience), actor=actor
    )


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
    """A private incident is not described outside the product (X-24)."""
    what = "Update overdue" if overdue else "Update due soon"
    url = f"{settings.BASE_URL}/incidents/{incident}/"
    name = (
        f"{incident}, a private incident"
        if incident.private
        else f"{incident} {incident.severity.label} {incident.title}"
    )
    drill = "Drill: " if incident.drill else ""
    text = f"{what} for {name}.\n\nWrite it, or press “No news” there:\n{url}\n"
    return Content(subject=f"{drill}{what}: {name}", text=text, url=url, thread=f"incident-{incident.pk}")


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


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped templates; one that has templates keeps them."""
    if not UpdateTemplate.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["template"]
        UpdateTemplate.objects.bulk_create(UpdateTemplate(**row) for row in rows)
