"""At levels that say so somebody is asked to command the moment an incident is declared, one after the other (R084)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.events import bus
from incidents.command import queries
from incidents.command.models import HandOver, State
from incidents.command.operations.offering import end, fresh, note, stays, wait
from incidents.events import ResponderWanted
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry
from incidents.lifecycle.operations import base

if TYPE_CHECKING:
    from datetime import datetime

NOBODY = {"commander": "nobody left"}


@transaction.atomic
def ask_at_once(incident_id: int) -> None:
    """Ask the next one to command, by a page; nothing where the level asks nobody, or somebody is asked already.

    Whoever is trained to command and does is not replaced, and once it is mitigated nobody is fetched for it.
    """
    incident = base.locked(Incident(pk=incident_id))
    seconds = incident.severity.commander_within_seconds
    if not seconds or not incident.is_active or incident.drill or incident.mitigated_at is not None:
        return
    holder = lifecycle.commander(incident)
    if HandOver.objects.waiting().filter(incident=incident).exists():
        return
    if holder is not None and queries.is_trained(holder):
        return
    found = queries.next_to_ask(incident, holder=holder)
    if found is None:
        _note_nobody(incident)
        return
    person, as_what = found
    row = HandOver(
        incident=incident, holder=holder, to=person, briefing=queries.briefing(incident), asked_as=as_what
    )
    wait(row, seconds=seconds)
    note(row, f"{person} is asked to command: {as_what}", None, "offered")
    message = f"Please take command of {incident}"
    bus.emit(ResponderWanted(incident.pk, "user", person.pk, message, hand_over_id=row.pk))


def _note_nobody(incident: Incident) -> None:
    """Say once that nobody can be asked, where there are people for it at all."""
    if not queries.asks_anybody():
        return
    if TimelineEntry.objects.filter(incident=incident, data__contains=NOBODY).exists():
        return
    text = f"{incident.severity.label} asks for a commander at once, and nobody is left to ask"
    base.enter(incident, EntryKind.REMINDER, text, actor=None, data=NOBODY)
    base.tell(incident)


@transaction.atomic
def to_page(pk: int) -> HandOver | None:
    """Give an offer whose person is to be paged now, held for this transaction; None where that makes no sense."""
    found = HandOver.objects.select_related("incident").filter(pk=pk).first()
    if found is None:
        return None
    row = fresh(found, base.locked(found.incident))
    return row if row.state == State.WAITING and row.paged_as is None and row.incident.is_active else None


def note_asked(row: HandOver, *, paged_as: int) -> None:
    """Keep by which escalation somebody is asked, inside the caller's transaction."""
    row.paged_as = paged_as
    row.save(update_fields=["paged_as"])


@transaction.atomic
def note_page_sent(paged_as: int, *, at: datetime) -> None:
    """Keep when the page of who is asked to command was sent first; nothing for other pages."""
    row = HandOver.objects.select_related("incident").filter(paged_as=paged_as, paged_at=None).first()
    if row is not None and HandOver.objects.filter(pk=row.pk, paged_at=None).update(paged_at=at):
        base.tell(row.incident)


@transaction.atomic
def give_up_on(row: HandOver, *, why: str, declined: bool = False) -> None:
    """Ask somebody no more who does not come, or whom no page reaches; the next one is asked."""
    incident = base.locked(row.incident)
    row = fresh(row, incident)
    if row.state != State.WAITING or not incident.is_active:
        return
    end(row, State.DECLINED if declined else State.LAPSED, why=why[:500])
    said = f"{row.to} declined command" if declined else f"{row.to} did not accept command"
    note(row, f"{said}: {why.rstrip('.')}. {stays(row)}", None, row.state, EntryKind.REMINDER)


def asked_by(paged_as: int) -> HandOver | None:
    """Give the offer that an escalation asks for, where it does."""
    return HandOver.objects.select_related("incident", "to").filter(paged_as=paged_as).first()
