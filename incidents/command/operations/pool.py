"""Who is trained to command, and asking the one on call for it (R087, R088)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.accounts.policy import Verb, can
from core.errors import Refused
from core.events import bus
from incidents.command import queries
from incidents.command.models import TrainedCommander
from incidents.events import CommanderPoolChanged
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations import base

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


class CannotCommand(Refused):
    """The person has left, or only reads."""


class NobodyToAsk(Refused):
    """There is no schedule of commanders, or somebody commands already."""


@transaction.atomic
def put_in(user: User, *, actor: User, note: str = "") -> TrainedCommander:
    """Say that somebody is trained to command; again writes only the note anew."""
    if not can(user, Verb.RESPOND):
        raise CannotCommand(f"{user} cannot respond: the account is inactive or only reads.")
    row, created = TrainedCommander.objects.get_or_create(
        user=user, defaults={"note": note.strip()[:200], "added_by": actor}
    )
    if not created and note.strip() and note.strip() != row.note:
        row.note = note.strip()[:200]
        row.save(update_fields=["note"])
    if created:
        bus.emit(CommanderPoolChanged(row.pk, user.pk, "added"), actor=actor)
    return row


@transaction.atomic
def take_out(row: TrainedCommander, *, actor: User) -> None:
    """Suggest somebody as commander no more; what they command they go on to command."""
    pk, user_id = row.pk, row.user_id
    gone, _ = TrainedCommander.objects.filter(pk=pk).delete()
    if gone:
        bus.emit(CommanderPoolChanged(pk, user_id, "removed"), actor=actor)


@transaction.atomic
def ask_on_call(incident: Incident, *, actor: User) -> None:
    """Page the commander on call because nobody commands."""
    incident = base.active(incident)
    schedule = queries.on_call_commander(actor)
    if schedule is None:
        raise NobodyToAsk("No schedule of commanders is configured (COMMANDER_SCHEDULE).")
    holder = lifecycle.commander(incident)
    if holder is not None:
        raise NobodyToAsk(f"{holder} commands.")
    if incident.drill:
        raise NobodyToAsk("In a drill nobody is paged.")
    lifecycle.request_page(
        incident,
        kind=schedule.kind,
        target_id=schedule.id,
        name=schedule.name,
        message=f"Please take command of {incident}",
        actor=actor,
    )
