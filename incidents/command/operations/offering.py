"""Command goes over when somebody accepts it; until then whoever commanded goes on: never nobody, never two (R080)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from core.accounts.policy import Verb, can
from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.timers import operations as timers
from incidents.command import queries
from incidents.command.models import HandOver, State
from incidents.command.operations import telling
from incidents.events import HandOverChanged
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base
from incidents.lifecycle.operations.apart import keep_incidents_apart
from incidents.lifecycle.operations.people import admit
from incidents.lifecycle.rules import TECHNICAL
from incidents.severities.models import Separation

if TYPE_CHECKING:
    from core.accounts.models import User

DUE = "incidents.hand_over"


class NotYours(Refused):
    """Whoever commands offers command."""


class Over(Refused):
    """It was answered, taken back, or has lapsed."""


ENDED = {
    State.ACCEPTED: "was accepted already",
    State.DECLINED: "was declined",
    State.WITHDRAWN: "was taken back",
    State.LAPSED: "has lapsed",
}


@transaction.atomic
def offer(incident: Incident, *, to: User, actor: User, briefing: str = "") -> HandOver:
    """Offer command to somebody; without a briefing they get what the room knows.

    Whoever commands offers it; where nobody does anybody may ask somebody to. The same person again is the same
    offer; an offer to somebody else takes the earlier one back.
    """
    incident = base.active(incident)
    holder = lifecycle.commander(incident)
    if holder is not None and holder != actor:
        raise NotYours(f"{holder} commands and offers command. If they do not answer, take over and say why.")
    _can_command(incident, to, holder)
    waiting = HandOver.objects.select_for_update().filter(incident=incident, state=State.WAITING).first()
    words = briefing.strip() or queries.briefing(incident)
    if waiting is not None and waiting.to_id == to.pk and waiting.holder_id == (holder and holder.pk):
        return waiting
    if waiting is not None:
        end(waiting, State.WITHDRAWN, why=f"Offered to {to} instead.")
        bus.emit(HandOverChanged(incident.pk, waiting.pk, "withdrawn", waiting.to_id), actor=actor)
    made = HandOver(incident=incident, holder=holder, offered_by=actor, to=to, briefing=words)
    wait(made, seconds=settings.HANDOVER_LAPSE_SECONDS)
    again = made.lapses_at + timedelta(
        seconds=settings.HANDOVER_REMIND_SECONDS - settings.HANDOVER_LAPSE_SECONDS
    )
    timers.set(DUE, made.pk, occurrence="remind", due_at=again)
    telling.ask(made, "offered")
    note(made, f"Command offered to {to}", actor, "offered")
    return made


def wait(made: HandOver, *, seconds: int) -> None:
    """Keep a new offer and let it wait for its answer, inside the caller's transaction."""
    made.lapses_at = now() + timedelta(seconds=seconds)
    made.save()
    admit(made.incident, made.to)
    timers.set(DUE, made.pk, occurrence="lapse", due_at=made.lapses_at, payload={"lapse": True})


def _can_command(incident: Incident, to: User, holder: User | None) -> None:
    if to == holder:
        raise Over(f"{to} commands already.")
    if not can(to, Verb.RESPOND):
        raise lifecycle.CannotTakePart(f"{to} cannot respond: the account is inactive or only reads.")
    keep_incidents_apart(incident, to)
    leads = incident.roles.filter(role__slug=TECHNICAL, user=to, ended_at=None)
    if incident.severity.separation == Separation.BLOCKED and leads.exists():
        raise lifecycle.TwoRolesAtOnce(
            f"{to} leads the technical work. At {incident.severity.label} somebody else commands,"
            " or gives that lead away first."
        )


@transaction.atomic
def accept(row: HandOver, *, actor: User) -> HandOver:
    """Take command over. Twice is once; refused where it lapsed, was taken back, or somebody else commands by now."""
    incident, row = _held(row, actor)
    if row.state == State.ACCEPTED:
        return row
    _still_open(incident, row)
    holder = lifecycle.commander(incident)
    if (holder and holder.pk) not in (row.holder_id, None):
        raise Over(f"{holder} commands by now. Nothing was handed over.")
    end(row, State.ACCEPTED)
    lifecycle.hand_over(incident, to=row.to, briefing=row.briefing, actor=actor, more={"hand_over": row.pk})
    if incident.acknowledged_at is None:
        incident.refresh_from_db()
        base.write(incident, acknowledged_at=now())
    bus.emit(HandOverChanged(incident.pk, row.pk, "accepted", row.to_id), actor=actor)
    return row


@transaction.atomic
def decline(row: HandOver, *, actor: User, why: str = "") -> HandOver:
    """Say no: whoever commanded goes on, and is told."""
    _, row = _held(row, actor)
    if row.state == State.DECLINED:
        return row
    if row.state != State.WAITING:
        raise Over(f"This hand-over {ENDED[State(row.state)]}.")
    end(row, State.DECLINED, why=why.strip()[:500])
    reason = f": {row.why}" if row.why else ""
    telling.ask(row, "declined")
    note(row, f"{row.to} declined command{reason}. {stays(row)}", actor, "declined")
    return row


@transaction.atomic
def withdraw(row: HandOver, *, actor: User) -> HandOver:
    """Take an offer back: by whoever made it, or commands."""
    incident = base.locked(row.incident)
    row = fresh(row, incident)
    if actor.pk not in (row.offered_by_id, row.holder_id):
        raise PermissionDenied("Somebody else made this offer.")
    if row.state == State.WITHDRAWN:
        return row
    if row.state != State.WAITING:
        raise Over(f"This hand-over {ENDED[State(row.state)]}.")
    end(row, State.WITHDRAWN)
    note(row, f"{actor} took the offer of command to {row.to} back", actor, "withdrawn")
    return row


@transaction.atomic
def take_over(incident: Incident, *, actor: User, reason: str = "") -> Incident:
    """Take command without a hand-over, from somebody who does not answer. What was offered is over by that."""
    incident = lifecycle.take_over(incident, actor=actor, reason=reason)
    settle(incident.pk)
    return incident


@transaction.atomic
def come_due(pk: int, *, lapse: bool) -> None:
    """Ask again, or let an offer lapse: whoever commanded goes on. Nothing where it was answered."""
    found = HandOver.objects.select_related("incident").filter(pk=pk).first()
    if found is None:
        return
    incident = base.locked(found.incident)
    row = fresh(found, incident)
    if row.state != State.WAITING or not incident.is_active:
        return
    if lapse:
        end(row, State.LAPSED, why="Nobody answered in time.")
        telling.ask(row, "lapsed")
        note(
            row, f"{row.to} did not accept command in time. {stays(row)}", None, "lapsed", EntryKind.REMINDER
        )
    else:
        telling.ask(row, "again")
        note(row, f"Command still waits for {row.to}, reminded", None, "reminded", EntryKind.REMINDER)


@transaction.atomic
def settle(incident_id: int) -> None:
    """Take back what makes no sense any more: the incident is over, or somebody else commands than who offered."""
    incident = base.locked(Incident(pk=incident_id))
    holder = lifecycle.commander(incident)
    for row in HandOver.objects.select_for_update().filter(incident=incident, state=State.WAITING):
        if not incident.is_active or (holder and holder.pk) not in (row.holder_id, None):
            why = "Somebody else commands by now." if incident.is_active else "The incident is over."
            end(row, State.WITHDRAWN, why=why)
            bus.emit(HandOverChanged(incident.pk, row.pk, "withdrawn", row.to_id))
            base.tell(incident)


def _held(row: HandOver, actor: User) -> tuple[Incident, HandOver]:
    """Give the offer, held behind its incident as every write is; refused to anybody but whom it was made to."""
    incident = base.locked(row.incident)
    row = fresh(row, incident)
    if actor.pk != row.to_id:
        raise PermissionDenied("Command was offered to somebody else.")
    return incident, row


def fresh(row: HandOver, incident: Incident) -> HandOver:
    """Give an offer as it stands, held behind its incident."""
    found = (
        HandOver.objects.select_for_update(of=("self",))
        .select_related("to", "offered_by", "holder")
        .get(pk=row.pk)
    )
    found.incident = incident
    return found


def _still_open(incident: Incident, row: HandOver) -> None:
    if not incident.is_active:
        raise lifecycle.Ended(f"{incident} is {incident.status}. Nobody has to command it any more.")
    if row.state != State.WAITING:
        raise Over(f"This hand-over {ENDED[State(row.state)]}.")


def stays(row: HandOver) -> str:
    """Say who commands while nobody has accepted."""
    return f"{row.holder} commands" if row.holder_id else "Nobody commands"


def end(row: HandOver, state: State, *, why: str = "") -> None:
    """End an offer that waits, inside the caller's transaction: nobody is asked for an answer any more."""
    row.state, row.why, row.ended_at = state, why, now()
    row.save(update_fields=["state", "why", "ended_at"])
    timers.cancel(DUE, [row.pk])
    outbox.suppress(telling.OFFERED, [row.pk], reason="it was answered, taken back, or has lapsed")


def note(row: HandOver, text: str, actor: User | None, what: str, kind: EntryKind = EntryKind.ROLE) -> None:
    """Put what became of an offer onto the timeline and tell of it, inside the caller's transaction."""
    data = {"hand_over": row.pk, "what": what, "to": row.to_id}
    base.enter(row.incident, kind, text, actor=actor, data=data)
    bus.emit(HandOverChanged(row.incident_id, row.pk, what, row.to_id), actor=actor)
    base.tell(row.incident)
