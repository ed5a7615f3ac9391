"""Looks at a room when something may be due, says it once, and keeps what became of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.timers import operations as timers
from incidents.events import Nudged
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import mail
from incidents.lifecycle.operations.base import active, enter, locked, tell
from incidents.nudges import queries, rules
from incidents.nudges.models import Nudge, NudgeRule, State
from incidents.nudges.rules import WORDS, Kind
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome
    from incidents.nudges.rules import Facts, Rule

LOOK = "incidents.nudge"
CLIENT = "incidents.nudge"
SHIPPED = Path(__file__).parent / "nudges.toml"


class NothingSaid(Refused):
    """An answer says what is being done."""


class WasAnswered(Refused):
    """Somebody answered already, or it is over."""


class NotHere(Refused):
    """Only who takes part takes a break."""


@transaction.atomic
def look(incident_id: int) -> None:
    """Say what is due in a room, settle what has lost its reason, and look again when the next thing may be due."""
    incident = locked(Incident(pk=incident_id))
    facts, at = queries.facts(incident), now()
    coming: list[datetime] = []
    for kind, configured in queries.rules_of(incident.severity.rank).items():
        rule = queries.span(incident, kind, configured)
        reason = rules.since(kind, facts)
        _settle(incident, kind, reason, at)
        if reason is None:
            continue
        due = rules.due(rule, reason, last=queries.last_for_same_reason(incident, kind, reason))
        if due is not None and due <= at:
            due = rules.latest(rule, due, at=at)
            _say(incident, kind, rule, facts, reason, due)
            due = rules.due(rule, reason, last=due)
        if due is not None:
            coming.append(due)
    timers.cancel(LOOK, [incident.pk])
    if coming:
        first = min(coming)
        timers.set(LOOK, incident.pk, occurrence=first.isoformat(), due_at=first)


def _settle(incident: Incident, kind: Kind, reason: datetime | None, at: datetime) -> None:
    """End what was said for a reason that holds no more."""
    open_ = Nudge.objects.open().filter(incident=incident, kind=kind)
    if reason is not None:
        open_ = open_.exclude(since=reason)
    if open_.update(state=State.SETTLED, ended_at=at):
        tell(incident)


def _say(incident: Incident, kind: Kind, rule: Rule, facts: Facts, reason: datetime, due: datetime) -> None:
    at = now()
    about = list(rules.tired(facts.working, rule, at=at)) if kind is Kind.NO_BREAK else []
    Nudge.objects.open().filter(incident=incident, kind=kind).update(state=State.IGNORED, ended_at=at)
    nudge = Nudge.objects.create(incident=incident, kind=kind, since=reason, due_at=due, about=about)
    people = queries.listeners(incident, kind, about)
    told = " and ".join(str(person) for person in people) or "nobody: nobody has a role"
    enter(
        incident,
        EntryKind.REMINDER,
        f"{WORDS[kind].title}, {_for(reason, at)}. Told {told}",
        actor=None,
        data={"nudge": nudge.pk, "kind": kind.value, "told": [person.pk for person in people]},
    )
    outbox.put([_message(incident, nudge, person) for person in people])
    bus.emit(Nudged(incident_id=incident.pk, nudge_id=nudge.pk, kind=kind.value))
    tell(incident)


def _for(reason: datetime, at: datetime) -> str:
    minutes = int((at - reason).total_seconds() // 60)
    return f"for {minutes} min" if minutes else "from now on"


@transaction.atomic
def answer(nudge: Nudge, *, actor: User, text: str) -> Nudge:
    """Say what is being done about it; it comes again only after its span has passed once more."""
    incident = active(nudge.incident)
    row = Nudge.objects.get(pk=nudge.pk)
    if row.state != State.OPEN:
        raise WasAnswered("Somebody answered already, or its reason went away.")
    if not text.strip():
        raise NothingSaid("Say in a few words what is being done.")
    row.state, row.answer, row.ended_at, row.ended_by = State.ANSWERED, text.strip(), now(), actor
    row.save(update_fields=["state", "answer", "ended_at", "ended_by"])
    enter(
        incident,
        EntryKind.NOTE,
        f"{row.get_kind_display()}: {row.answer}",
        actor=actor,
        data={"nudge": row.pk, "answer": True},
    )
    tell(incident)
    return row


@transaction.atomic
def take_break(incident: Incident, *, user: User, actor: User) -> None:
    """Note that somebody takes a break: their hours begin anew (R304)."""
    incident = active(incident)
    if not incident.participants.filter(user=user).exists():
        raise NotHere(f"{user} does not take part.")
    enter(incident, EntryKind.ROLE, f"{user} takes a break", actor=actor, data={"break": user.pk})
    tell(incident)
    look(incident.pk)


def _message(incident: Incident, nudge: Nudge, person: User) -> NewMessage:
    words = _words(incident, nudge)
    return NewMessage(
        key=f"{CLIENT}:{nudge.pk}:{person.pk}",
        client=CLIENT,
        subject_id=nudge.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={"subject": words.subject, "text": words.text},
        not_after_seconds=1800,
    )


def _words(incident: Incident, nudge: Nudge) -> Content:
    url = f"{settings.BASE_URL}/incidents/{incident}/"
    words = WORDS[Kind(nudge.kind)]
    name = mail.named(incident)
    text = f"{words.title} in {name}.\n\n{words.text}\n\n{url}\n"
    return mail.content(incident, f"{words.title}: {name}", text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each message whose nudge is answered, has lost its reason or was said again."""
    open_ = set(
        Nudge.objects.open()
        .filter(pk__in={message.subject_id for message in messages}, incident__in=Incident.objects.active())
        .values_list("pk", flat=True)
    )
    return {
        message.pk: "it is answered, or its reason went away"
        for message in messages
        if message.subject_id not in open_
    }


def render(message: Message) -> Content:
    """Write a nudge as its incident stands now."""
    nudge = Nudge.objects.select_related("incident__severity").get(pk=message.subject_id)
    return _words(nudge.incident, nudge)


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a nudge that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        nudge = Nudge.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if nudge is not None:
            updates.note_undelivered(nudge.incident, outcome, what=f"“{nudge}”")


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped spans; one that has any keeps them."""
    if not NudgeRule.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["nudge"]
        NudgeRule.objects.bulk_create(NudgeRule(**row) for row in rows)
