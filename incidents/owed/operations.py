"""Looks after what those outside the room must hear: asks for it, reminds of it, and ends it by what was said."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.timers import operations as timers
from core.ui import times
from incidents.audiences.models import AudienceList
from incidents.events import OwedChanged
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base, mail
from incidents.owed import queries, rules
from incidents.owed.models import OwedRule, OwedWord, State
from incidents.owed.rules import Kind
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome

CLIENT = LOOK = "incidents.owed"
SHIPPED = Path(__file__).parent / "owed.toml"


class NoReason(Refused):
    """What is not said has a reason."""


class IsOver(Refused):
    """It was said, or is asked for no more."""


@transaction.atomic
def look(incident_id: int) -> None:
    """Ask for what is owed, end what was said or is asked for no more, remind of the rest. Twice is once."""
    incident = base.locked(Incident(pk=incident_id))
    in_force = queries.in_force()
    rank = incident.severity.rank
    facts = queries.facts(incident, {kind: rows[rank] for kind, rows in in_force.items() if rank in rows})
    known = {Kind(row.kind): row for row in OwedWord.objects.filter(incident=incident)}
    coming: list[datetime] = []
    for kind, rows in in_force.items():
        since = rules.since(kind, facts, asking=rows.keys())
        if since is not None:
            again = _follow(incident, known.get(kind), kind, rows[rank], since)
            coming += [again] if again else []
        elif kind in known and known[kind].state == State.OPEN:
            known[kind].incident = incident
            _end(known[kind], State.NOT_ASKED, why=rules.not_asked(kind, facts, asking=rows.keys()))
    timers.cancel(LOOK, [incident.pk])
    if coming:
        first = min(coming)
        timers.set(LOOK, incident.pk, occurrence=first.isoformat(), due_at=first)


def _follow(
    incident: Incident, row: OwedWord | None, kind: Kind, configured: OwedRule, since: datetime
) -> datetime | None:
    """Let it stand as it is asked for now; give when to look again, None where it has ended."""
    rule = queries.rule(configured)
    row = _asked(incident, row, kind, since, since + rule.within)
    if row.state != State.OPEN:
        return None
    said_at = queries.done_at(incident, kind, configured, since=since)
    if said_at is not None:
        _end(row, State.DONE, at=said_at)
        return None
    at = now()
    again = rules.next_reminder(rule, since=since, due=row.due_at, last=row.reminded_at)
    if again is None or again > at:
        return again
    moment = rules.latest(rule, since=since, due=row.due_at, at=at)
    _remind(row, moment)
    return rules.next_reminder(rule, since=since, due=row.due_at, last=moment)


def _asked(
    incident: Incident, row: OwedWord | None, kind: Kind, since: datetime, due_at: datetime
) -> OwedWord:
    if row is None:
        row = OwedWord.objects.create(incident=incident, kind=kind, since=since, due_at=due_at)
        _tell(row, "asked", None)
        return row
    row.incident = incident
    was_before = kind is Kind.ACCOUNT and row.ended_at is not None and row.ended_at < since
    if row.state == State.NOT_ASKED or was_before:
        row.state, row.why, row.ended_at, row.ended_by = State.OPEN, "", None, None
        _tell(row, "asked", None)
    if row.due_at != due_at:
        row.reminded_at = None
    row.since, row.due_at = since, due_at
    row.save()
    return row


def _end(
    row: OwedWord, state: State, *, why: str = "", actor: User | None = None, at: datetime | None = None
) -> None:
    row.state, row.why, row.ended_at, row.ended_by = state, why, at or now(), actor
    row.save(update_fields=["state", "why", "ended_at", "ended_by"])
    outbox.suppress(CLIENT, [row.pk], reason="it was said, or is not needed")
    if row.is_late:
        late = rules.late((row.ended_at - row.due_at).total_seconds())
        _enter(row, EntryKind.REMINDER, f"{row}: done, {late}", actor, state)
    elif state == State.NOT_ASKED:
        _enter(row, EntryKind.REMINDER, f"{row}: no longer asked for, {why}", actor, state)
    _tell(row, state, actor)


def _enter(row: OwedWord, kind: EntryKind, text: str, actor: User | None, what: str) -> None:
    data = {"owed": row.pk, "what": what, "due_at": row.due_at.isoformat()}
    base.enter(row.incident, kind, text, actor=actor, data=data)


def _tell(row: OwedWord, what: str, actor: User | None) -> None:
    bus.emit(OwedChanged(row.incident_id, row.pk, str(what)), actor=actor)
    base.tell(row.incident)


@transaction.atomic
def need_not(owed: OwedWord, *, why: str, actor: User) -> OwedWord:
    """Say why a word is not needed. A second time changes nothing."""
    row = _held(owed)
    if row.state == State.NOT_NEEDED:
        return row
    if row.state != State.OPEN:
        raise IsOver(f"{row}: {row.get_state_display().lower()} already.")
    if not why.strip():
        raise NoReason("Say why it is not needed.")
    _enter(row, EntryKind.NOTE, f"{row}: not needed, because {why.strip()}", actor, State.NOT_NEEDED)
    _end(row, State.NOT_NEEDED, why=why.strip(), actor=actor)
    return row


@transaction.atomic
def need(owed: OwedWord, *, why: str, actor: User) -> OwedWord:
    """Say why a word is needed after all. One that is needed stays as it is."""
    row = _held(owed)
    if row.state == State.OPEN:
        return row
    if row.state != State.NOT_NEEDED:
        raise IsOver(f"{row}: {row.get_state_display().lower()}.")
    if not why.strip():
        raise NoReason("Say why it is needed after all.")
    row.state, row.why, row.ended_at, row.ended_by, row.reminded_at = State.OPEN, "", None, None, None
    row.save()
    _enter(row, EntryKind.NOTE, f"{row}: needed after all, because {why.strip()}", actor, "needed")
    _tell(row, "needed", actor)
    look(row.incident_id)
    row.refresh_from_db()
    return row


def _held(owed: OwedWord) -> OwedWord:
    base.locked(owed.incident)
    return OwedWord.objects.select_related("incident__severity").get(pk=owed.pk)


def _remind(row: OwedWord, moment: datetime) -> None:
    row.reminded_at = moment
    row.save(update_fields=["reminded_at"])
    people = queries.listeners(row.incident)
    told = " and ".join(map(str, people)) or "nobody: nobody takes part"
    outbox.put([_message(row, person, moment) for person in people])
    _enter(row, EntryKind.REMINDER, f"{_said(row)}. Reminded {told}", None, "reminded")
    _tell(row, "reminded", None)


def _said(row: OwedWord) -> str:
    late = rules.late((now() - row.due_at).total_seconds())
    return f"{row}, due {times.full(row.due_at)}, {late}"


def _message(row: OwedWord, person: User, moment: datetime) -> NewMessage:
    words = _words(row)
    return NewMessage(
        key=f"{CLIENT}:{row.pk}:{row.due_at.isoformat()}:{moment.isoformat()}:{person.pk}",
        client=CLIENT,
        subject_id=row.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={"subject": words.subject, "text": words.text},
        not_after_seconds=3600,
    )


def _words(row: OwedWord) -> Content:
    incident = row.incident
    url = settings.BASE_URL + reverse("incidents:owed", args=[incident.number])
    name = mail.named(incident)
    text = (
        f"{_said(row)}, for {name}.\n\nWrite it, or say why it is not needed. It is asked for also once the incident "
        f"is over.\n\n{url}\n"
    )
    return mail.content(incident, f"{row}: {name}", text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each reminder of what was said meanwhile, or is not needed."""
    ids = {message.subject_id for message in messages}
    open_ = set(OwedWord.objects.open().filter(pk__in=ids).values_list("pk", flat=True))
    return {
        message.pk: "it was said, or is not needed" for message in messages if message.subject_id not in open_
    }


def render(message: Message) -> Content:
    """Write a reminder as things stand now."""
    return _words(OwedWord.objects.select_related("incident__severity").get(pk=message.subject_id))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a reminder that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        row = OwedWord.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if row is not None:
            updates.note_undelivered(row.incident, outcome, what=f"A reminder, “{row}”,")


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped spans; one that has any keeps them."""
    if OwedRule.objects.exists():
        return
    lists = {row.slug: row for row in AudienceList.objects.all()}
    for shipped in tomllib.loads(SHIPPED.read_text())["owed"]:
        OwedRule.objects.create(for_list=lists.get(shipped.pop("list", "")), **shipped)
