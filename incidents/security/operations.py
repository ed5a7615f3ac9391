"""A matter of security: its people are called at once, and what has to be done keeps the incident open (R325)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import SecurityChanged
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base
from incidents.security import queries
from incidents.security.models import SecurityCheck, SecurityItem, SecurityTrack, State

if TYPE_CHECKING:
    from core.accounts.models import User

SHIPPED = Path(__file__).parent / "checks.toml"


class NoReason(Refused):
    """Nothing is ticked away without words."""


class NoTrack(Refused):
    """It is no matter of security."""


class IsAnswered(Refused):
    """It was answered in another way already."""


@transaction.atomic
def begin(incident: Incident, *, actor: User) -> SecurityTrack:
    """Say that it is a matter of security: who is on call for that is paged now. A second time changes nothing."""
    incident = base.active(incident)
    known = SecurityTrack.objects.filter(incident=incident).first()
    if known is not None and known.ended_at is None:
        return known
    row = known or SecurityTrack(incident=incident, begun_by=actor)
    row.ended_at, row.ended_because = None, ""
    row.save()
    for check in SecurityCheck.objects.at(incident.severity.rank):
        SecurityItem.objects.update_or_create(
            incident=incident,
            slug=check.slug,
            defaults={"text": check.text, "hint": check.hint, "position": check.position, **_OPEN},
        )
    _note(row, "A matter of security as well: it has a track of its own", actor, "begun")
    _engage(incident, actor)
    return row


_OPEN = {"state": State.OPEN, "words": "", "ended_at": None, "ended_by": None}


def _engage(incident: Incident, actor: User) -> None:
    """Page who is on call for security by the same way as everybody else; in a drill nobody is."""
    schedule = queries.on_call(actor)
    if incident.drill or schedule is None:
        why = "this is a drill" if incident.drill else "no schedule is configured (SECURITY_SCHEDULE)"
        text = f"Nobody is paged for security: {why}. Ask somebody in"
        base.enter(incident, EntryKind.PAGE, text, actor=actor)
        return
    lifecycle.request_page(
        incident,
        kind=schedule.kind,
        target_id=schedule.id,
        name=schedule.name,
        message=f"Security is needed in {incident}",
        actor=actor,
    )


@transaction.atomic
def end(incident: Incident, *, why: str, actor: User) -> SecurityTrack | None:
    """Say why it is no matter of security after all: nothing of it keeps the incident open. Twice is once."""
    incident = base.locked(incident)
    row = SecurityTrack.objects.filter(incident=incident).first()
    if row is None or row.ended_at is not None:
        return row
    if not why.strip():
        raise NoReason("Say how it is known that it is no matter of security.")
    row.ended_at, row.ended_because = now(), why.strip()
    row.save(update_fields=["ended_at", "ended_because"])
    for item in SecurityItem.objects.open().filter(incident=incident):
        _answer(item, State.NOT_NEEDED, f"No matter of security: {why.strip()}", actor)
    _note(row, f"No matter of security after all: {why.strip()}", actor, "ended")
    return row


@transaction.atomic
def lead(incident: Incident, *, actor: User) -> SecurityTrack:
    """Lead the security track; whoever did leads it no more. Command stays where it is."""
    incident = base.active(incident)
    row = _track(incident)
    if row.lead_id == actor.pk:
        return row
    before = f", before: {row.lead}" if row.lead else ""
    row.lead = actor
    row.save(update_fields=["lead"])
    lifecycle.join(incident, user=actor)
    _note(row, f"{actor} leads the security track{before}", actor, "led", EntryKind.ROLE)
    return row


@transaction.atomic
def answer(item: SecurityItem, *, words: str, actor: User, needed: bool = True) -> SecurityItem:
    """Say what was done, or (`needed` is false) why it need not be. The same again changes nothing."""
    row = _held(item)
    state = State.DONE if needed else State.NOT_NEEDED
    if (row.state, row.words) == (state, words.strip()):
        return row
    if row.state != State.OPEN:
        raise IsAnswered(f"“{row}” was answered already, by {row.ended_by}. Reopen it first.")
    if not words.strip():
        raise NoReason("Say what was done." if needed else "Say why it is not needed.")
    _answer(row, state, words.strip(), actor)
    _note_item(row, f"{row.get_state_display()}: {row}. {row.words}", actor, state)
    return row


@transaction.atomic
def reopen(item: SecurityItem, *, why: str, actor: User) -> SecurityItem:
    """Say why it has to be done after all. One that is open stays as it is."""
    row = _held(item)
    if row.state == State.OPEN:
        return row
    if not row.incident.is_active:
        raise lifecycle.Ended(f"{row.incident} is {row.incident.status}. Reopen it first.")
    if row.incident.security_track.ended_at is not None:
        raise NoTrack("It is no matter of security. Say first that it is.")
    if not why.strip():
        raise NoReason("Say why it has to be done after all.")
    SecurityItem.objects.filter(pk=row.pk).update(**_OPEN)
    row = _held(row)
    _note_item(row, f"To be done after all: {row}. {why.strip()}", actor, "reopened")
    return row


@transaction.atomic
def install_defaults() -> None:
    """Give a new install what is usually asked; one that asks anything keeps that."""
    if not SecurityCheck.objects.exists():
        rows = tomllib.loads(SHIPPED.read_text())["check"]
        SecurityCheck.objects.bulk_create(SecurityCheck(**row) for row in rows)


def _track(incident: Incident) -> SecurityTrack:
    found = SecurityTrack.objects.filter(incident=incident, ended_at=None).select_related("lead").first()
    if found is None:
        raise NoTrack(f"{incident} is no matter of security. Say first that it is.")
    found.incident = incident
    return found


def _held(item: SecurityItem) -> SecurityItem:
    incident = base.locked(item.incident)
    row = SecurityItem.objects.select_related("ended_by").get(pk=item.pk)
    row.incident = incident
    return row


def _answer(row: SecurityItem, state: State, words: str, actor: User) -> None:
    row.state, row.words, row.ended_at, row.ended_by = state, words, now(), actor
    row.save(update_fields=["state", "words", "ended_at", "ended_by"])


def _note(
    row: SecurityTrack, text: str, actor: User, what: str, kind: EntryKind = EntryKind.DECISION
) -> None:
    base.enter(row.incident, kind, text, actor=actor, data={"security": what})
    bus.emit(SecurityChanged(row.incident_id, what), actor=actor)
    base.tell(row.incident)


def _note_item(row: SecurityItem, text: str, actor: User, what: str) -> None:
    base.enter(row.incident, EntryKind.DECISION, text, actor=actor, data={"security_item": row.pk})
    bus.emit(SecurityChanged(row.incident_id, what, row.pk), actor=actor)
    base.tell(row.incident)
