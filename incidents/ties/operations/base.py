"""What every tie does: look whether somebody may act in both, hold both, write to both rooms, tell both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from core.accounts.policy import Verb, can
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import TieChanged
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base
from incidents.ties.models import Tie
from incidents.ties.rules import Kind, sentence

if TYPE_CHECKING:
    from typing import Any

    from core.accounts.models import User

ORDER = 0x544945
"""The advisory lock under which incidents become part of one another: no two at once make a circle."""


class NotBoth(Refused):
    """Whoever ties two incidents may act in both."""


class NoReason(Refused):
    """Those who come later want to know why."""


class DoesNotFit(Refused):
    """The two cannot hang together like that."""


def one_by_one() -> None:
    """Let nobody else change what is part of what, or merged into what, until this transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [ORDER])


def both(incident: Incident, other: Incident, *, actor: User) -> tuple[Incident, Incident]:
    """Hold both, always in the same order; refused for who may not act in one of them."""
    if incident.pk == other.pk:
        raise DoesNotFit("Name another incident: this one is itself.")
    known = Incident.objects.visible_to(actor).filter(pk__in=(incident.pk, other.pk)).count()
    if known != 2 or not can(actor, Verb.RESPOND):
        raise NotBoth("Only who may act in both incidents ties them.")
    held = {row.pk: base.locked(row) for row in sorted((incident, other), key=lambda row: row.pk)}
    return held[incident.pk], held[other.pk]


def reasoned(reason: str) -> str:
    """Give the reason; refused without one."""
    if not reason.strip():
        raise NoReason("Say in a few words why, for those who come later.")
    return reason.strip()


def alike(incident: Incident, other: Incident) -> None:
    """Refuse to mix practice with what is real."""
    if incident.drill != other.drill:
        raise DoesNotFit("A drill and a real incident stay apart.")


def make(
    incident: Incident, other: Incident, *, kind: Kind, reason: str, actor: User | None, **carried: Any
) -> Tie:
    """Tie two incidents, and say so in both rooms and to listeners."""
    tie = Tie.objects.create(
        incident=incident, other=other, kind=kind, reason=reason, made_by=actor, carried=carried
    )
    say(tie, "made", actor)
    return tie


def end(tie: Tie, *, actor: User | None) -> None:
    """Let a tie be no more, and say so."""
    tie.ended_at, tie.ended_by = now(), actor
    tie.save(update_fields=["ended_at", "ended_by"])
    say(tie, "ended", actor)


def say(tie: Tie, what: str, actor: User | None) -> None:
    """Write that something became of a tie onto the timeline of both.

    Which incident it is stands in no entry: what everybody may read today can be private tomorrow. Who may know of
    both is shown it with its number, title and reason. Where one of the two is private, the other says nothing.
    """
    for incident, other, back in ((tie.incident, tie.other, False), (tie.other, tie.incident, True)):
        if not other.private:
            text = sentence(tie.kind, back=back, ended=what == "ended")
            data = {"tie": tie.pk, "what": what}
            base.enter(incident, EntryKind.TIE, text, actor=actor, data=data)
        base.tell(incident)
    bus.emit(TieChanged(tie.pk, tie.kind, what), actor=actor)
