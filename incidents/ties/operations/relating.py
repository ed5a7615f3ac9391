"""Two incidents are tied by hand, or one becomes part of another: its own commander, under one for all of it (R093)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core import live
from core.accounts.policy import Verb, can
from incidents.lifecycle.operations import base as lifecycle
from incidents.ties.models import Tie
from incidents.ties.operations.base import DoesNotFit, NotBoth, alike, both, end, make, one_by_one, reasoned
from incidents.ties.rules import BY_HAND, DEEPEST, Kind, misfit

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


@transaction.atomic
def relate(incident: Incident, *, other: Incident, kind: str, reason: str, actor: User) -> Tie:
    """Tie two incidents. The same again changes nothing; what is part of another is part of the last one named."""
    if kind not in BY_HAND:
        raise DoesNotFit("Incidents are related, or one is a duplicate, caused by or part of the other.")
    if kind == Kind.PART:
        return put_under(incident, whole=other, reason=reason, actor=actor)
    incident, other = both(incident, other, actor=actor)
    if kind == Kind.RELATED and incident.pk > other.pk:
        incident, other = other, incident
    known = Tie.objects.standing().filter(incident=incident, other=other, kind=kind).first()
    return known or make(incident, other, kind=Kind(kind), reason=reasoned(reason), actor=actor)


@transaction.atomic
def put_under(incident: Incident, *, whole: Incident, reason: str, actor: User) -> Tie:
    """Make an incident part of another; it leaves what it was part of before."""
    one_by_one()
    incident, whole = both(incident, whole, actor=actor)
    old = Tie.objects.standing().filter(incident=incident, kind=Kind.PART).select_related("other").first()
    if old is not None and old.other_id == whole.pk:
        return old
    why = reasoned(reason)
    alike(incident, whole)
    lifecycle.active(incident)
    lifecycle.active(whole)
    fits(incident, whole)
    if old is not None:
        old.incident = incident
        end(old, actor=actor)
    return make(incident, whole, kind=Kind.PART, reason=why, actor=actor)


def fits(incident: Incident, whole: Incident) -> None:
    """Refuse what would go in a circle, or too deep. Whoever calls holds the order."""
    wrong = misfit(incident.pk, above(whole.pk), below=_below(incident.pk))
    if wrong == "cycle":
        raise DoesNotFit(f"{whole} is part of {incident} already, by itself or through others.")
    if wrong:
        raise DoesNotFit(f"Incidents hang together at most {DEEPEST} deep: a whole, its parts, and theirs.")


def above(pk: int) -> list[int]:
    """Give an incident and everything that it is part of, by itself or through others."""
    found = [pk]
    while (up := _whole_of(found[-1])) is not None and up not in found:
        found.append(up)
    return found


def _whole_of(pk: int) -> int | None:
    rows = Tie.objects.standing().filter(incident=pk, kind=Kind.PART)
    return rows.values_list("other", flat=True).first()


def _below(pk: int) -> int:
    levels, here = 0, {pk}
    while levels <= DEEPEST:
        rows = Tie.objects.standing().filter(other__in=here, kind=Kind.PART)
        here = set(rows.values_list("incident", flat=True))
        if not here:
            break
        levels += 1
    return levels


@transaction.atomic
def untie(tie: Tie, *, actor: User) -> Tie:
    """Let two incidents hang together no more. A second time changes nothing."""
    seen = Tie.objects.visible_to(actor).filter(pk=tie.pk).exists()
    if not seen or not can(actor, Verb.RESPOND):
        raise NotBoth("Only who may act in both incidents unties them.")
    row = Tie.objects.select_for_update(of=("self",)).select_related("incident", "other").get(pk=tie.pk)
    if row.kind == Kind.MERGED:
        raise DoesNotFit("What was merged comes apart by undoing the merge.")
    if row.kind == Kind.SPLIT:
        raise DoesNotFit("Where an incident was split from stays true.")
    if row.ended_at is None:
        end(row, actor=actor)
    return row


def tell_whole(incident_id: int) -> None:
    """Move the screens of what an incident is part of: they show its state, who commands it, and its next word."""
    whole = _whole_of(incident_id)
    if whole is not None:
        with transaction.atomic():
            live.changed(f"incident-{whole}")
