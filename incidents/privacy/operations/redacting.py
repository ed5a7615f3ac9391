"""Redaction: a text goes for good from every place in which it stands, and a tombstone says who, when and why."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pgtrigger
from django.db import IntegrityError, connection, transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import history
from incidents.events import Redacted
from incidents.lifecycle.models import EntryKind, TimelineEntry
from incidents.lifecycle.operations.base import enter, locked, write
from incidents.privacy import queries, registry
from incidents.privacy.models import Redaction
from incidents.privacy.rules import REASON_SHORTEST, SHORTEST, holds, without

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

TRIGGERS = ("incidents.TimelineEntry:timeline_append_only", "incidents.Update:update_immutable")


class CannotRedact(Refused):
    """It needs a text that stands there, a reason, and somebody who may."""


@transaction.atomic
def redact(incident: Incident, *, text: str, reason: str, actor: User) -> Redaction:
    """Take a text out of everything that is kept of an incident. Nobody can bring it back.

    It goes from the timeline and what it replaced, updates, tasks, alerts and their raw payloads, messages, the
    postmortem, public notices, the audit log and so from search, exports and later answers of the API.
    """
    incident = locked(incident)
    if not queries.may_redact(actor, incident):
        raise CannotRedact("Whoever commands, a manager or an admin redacts.")
    text, why = text.strip(), " ".join(reason.split())
    if len(text) < SHORTEST:
        raise CannotRedact(f"Give at least {SHORTEST} characters: less stands in every other word.")
    if len(why) < REASON_SHORTEST:
        raise CannotRedact("Say why in a sentence: it stands where the text was.")
    if holds(why, text):
        raise CannotRedact("The reason itself holds the text.")
    at = now()
    stone = {"by": str(actor), "at": at.isoformat(), "why": why}
    _end_mails_to(incident, text, at, actor)
    with pgtrigger.ignore(*TRIGGERS):
        places = _take_out(incident, text, stone)
    if not places:
        raise CannotRedact("That does not stand in this incident. Capital letters and spaces count.")
    row = Redaction.objects.create(incident=incident, by=actor, reason=why, at=at, places=dict(places))
    enter(
        incident,
        EntryKind.REDACTION,
        f"{actor} redacted a text in {places.total()} place{'s' if places.total() > 1 else ''}: {why}",
        actor=actor,
        data={"redaction": row.pk, "places": dict(places)},
    )
    incident.refresh_from_db()
    write(incident)
    bus.emit(Redacted(incident_id=incident.pk, redaction_id=row.pk, places=places.total()), actor=actor)
    return row


def _end_mails_to(incident: Incident, text: str, at: datetime, actor: User) -> None:
    """An address that is taken out gets no more mails: there is nobody any more to whom they went."""
    lasting = incident.subscriptions.filter(ended_at=None, user=None, email__contains=text)
    lasting.update(ended_at=at, ended_by=actor)


def _take_out(incident: Incident, text: str, stone: dict[str, str]) -> Counter[str]:
    """Take it out of what is the incident's own, and only if it stood there, of what it shares with others."""
    places: Counter[str] = Counter()
    found = list(registry.holders(incident, text))
    for name, held in found:
        if held.is_own:
            places[name] += _from_place(held, text, stone)
    if places.total():
        for _, held in found:
            if not held.is_own:
                _from_place(held, text, stone)
    return +places


def _from_place(held: registry.Rows | registry.Sent, text: str, stone: dict[str, str]) -> int:
    if isinstance(held, registry.Sent):
        return _from_messages(held, text)
    return sum(_from_row(row, held, text, stone) for row in held.rows)


def _from_row(row: Model, held: registry.Rows, text: str, stone: dict[str, str]) -> int:
    there = {name: getattr(row, name) for name in held.columns}
    changed = {name: held.without(value, text) for name, value in there.items() if holds(value, text)}
    if not changed:
        return 0
    for name, value in changed.items():
        longest = getattr(row._meta.get_field(name), "max_length", None)  # noqa: SLF001 - Django's own word
        if isinstance(value, str) and longest:
            changed[name] = value[:longest]
    if isinstance(row, TimelineEntry):
        changed["data"] = {**changed.get("data", row.data), "redacted": stone}
    found = type(row)._base_manager.filter(pk=row.pk)  # noqa: SLF001 - whatever its manager hides
    try:
        with transaction.atomic():
            found.update(**changed)
    except IntegrityError:  # without the text it says what another row says
        found.delete()
    return 1


def _from_messages(sent: registry.Sent, text: str) -> int:
    """Messages lie among what is sent, or in the history before it."""
    changed = {
        row.pk: json.dumps(without(row.content, text))
        for row in history.messages(sent.client, sent.subject_ids)
        if holds(row.content, text)
    }
    with connection.cursor() as cursor:
        for table in ("outbox_message", "outbox_pastmessage"):
            cursor.execute(
                f"update {table} as message set content = fresh.content::jsonb"  # noqa: S608 - our own tables
                " from unnest(%s::bigint[], %s::text[]) as fresh (id, content) where message.id = fresh.id",
                [list(changed), list(changed.values())],
            )
    return len(changed)
