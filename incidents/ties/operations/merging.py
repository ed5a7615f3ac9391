"""One incident goes on in another: it closes as a duplicate, and what is about it goes there from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.errors import Refused
from incidents.catalog.models import Service
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Outcome, RoleDefinition
from incidents.lifecycle.operations import base as rooms
from incidents.lifecycle.queries import participants
from incidents.lifecycle.rules import Status
from incidents.ties import queries, registry
from incidents.ties.models import Tie
from incidents.ties.operations.base import (
    DoesNotFit,
    NotBoth,
    alike,
    both,
    end,
    make,
    one_by_one,
    reasoned,
)
from incidents.ties.operations.relating import above, fits
from incidents.ties.rules import STAYS, Kind

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


class CannotMerge(Refused):
    """The two cannot become one, or were not."""


@transaction.atomic
def merge(
    incident: Incident, *, into: Incident, reason: str, actor: User, people: bool | None = None
) -> Incident:
    """Let an incident go on in another; give the one that is closed by it. The same again changes nothing.

    Its open alerts go over, so that what their sources send next is about the other; so do its parts and, with
    `people` (by default where nothing is private), who takes part. Who commands the other goes on; where nobody does,
    whoever commanded this one. Its own timeline stays where it is. A part in which its whole goes on is part of it no
    more.
    """
    one_by_one()
    incident, into = both(incident, into, actor=actor)
    known = queries.merged_into(incident)
    if known is not None and known.other_id == into.pk:
        return incident
    why = reasoned(reason)
    _mergeable(incident, into)
    tie = make(incident, into, kind=Kind.MERGED, reason=why, actor=actor)
    open_alerts = [row.pk for row in registry.alerts(incident) if not row.is_over]
    along = people if people is not None else not into.private
    carried: dict[str, Any] = {
        "out_of": _step_out(incident, into, actor),
        "alerts": registry.move(open_alerts, source=incident, target=into, actor=actor),
        "services": _share_services(incident, into, actor),
        "parts": _take_parts(incident, into, actor),
        "commander": _one_commander(incident, into, actor, comes_along=along),
    }
    if along:
        for person in participants(incident):
            lifecycle.join(into, user=person)
    if into.status == Status.TRIAGE:
        lifecycle.acknowledge(into, actor=actor)
    Tie.objects.filter(pk=tie.pk).update(carried=carried)
    return lifecycle.close(incident, outcome=Outcome.DUPLICATE, actor=actor)


def _mergeable(incident: Incident, into: Incident) -> None:
    alike(incident, into)
    for row in (incident, into):
        if not row.is_active:
            raise CannotMerge(
                f"{row} is {row.status}. Tie the two as duplicates instead, or reopen it first."
            )
    if incident.private != into.private:
        hidden = incident if incident.private else into
        raise CannotMerge(f"{hidden} is private and the other is not. Make both private, or neither.")


def _share_services(incident: Incident, into: Incident, actor: User) -> list[int]:
    """Let the services of one be affected in the other as well; give those that were not."""
    theirs = set(into.services.values_list("pk", flat=True))
    new = [pk for pk in incident.services.order_by("pk").values_list("pk", flat=True) if pk not in theirs]
    if new:
        _set_services(into, theirs | set(new), actor)
    return new


def _set_services(incident: Incident, ids: set[int], actor: User | None) -> None:
    lifecycle.set_services(incident, services=Service.objects.filter(pk__in=ids), actor=actor)


def _step_out(incident: Incident, into: Incident, actor: User) -> int | None:
    """Let what goes on be part of nothing where it was part of what ends, by itself or through others; give that tie."""
    row = (
        Tie.objects.standing()
        .filter(incident=into, kind=Kind.PART)
        .select_related("incident", "other")
        .first()
    )
    if row is None or incident.pk not in above(into.pk):
        return None
    end(row, actor=actor)
    return row.pk


def _step_in(tie_id: int, actor: User | None) -> None:
    """Let it be part again of what it was part of, where that is open, and it was put under nothing else."""
    was = Tie.objects.select_related("incident", "other").get(pk=tie_id)
    part, whole = was.incident, was.other
    if not whole.is_active or Tie.objects.standing().filter(incident=part, kind=Kind.PART).exists():
        return
    try:
        fits(part, whole)
    except DoesNotFit:
        _stays(part, whole, actor)
        return
    make(part, whole, kind=Kind.PART, reason=was.reason, actor=actor)


def _take_parts(
    incident: Incident, into: Incident, actor: User | None, among: list[int] | None = None
) -> list[int]:
    """Let the parts of one be parts of the other; give which. Of those `among` which one comes back, some may stay.

    Nobody moves a part that they may not know of: it stays where it is.
    """
    rows = Tie.objects.standing().filter(other=incident, kind=Kind.PART).select_related("incident", "other")
    if among is None and actor is not None:
        rows = rows.filter(pk__in=Tie.objects.visible_to(actor))
    moved = []
    for row in rows.exclude(incident=into).order_by("pk"):
        if among is not None and row.incident_id not in among:
            continue
        try:
            fits(row.incident, into)
        except DoesNotFit:
            if among is None:
                raise
            _stays(row.incident, into, actor)
            continue
        end(row, actor=actor)
        make(row.incident, into, kind=Kind.PART, reason=row.reason, actor=actor)
        moved.append(row.incident_id)
    return moved


def _stays(part: Incident, whole: Incident, actor: User | None) -> None:
    """Say that a part does not come back, as what it would be part of hangs together otherwise by now."""
    was = Tie.objects.filter(incident=part, other=whole, kind=Kind.PART).last()
    if was is not None and not part.private:
        rooms.enter(whole, EntryKind.TIE, STAYS, actor=actor, data={"tie": was.pk, "what": "stays"})


def _one_commander(incident: Incident, into: Incident, actor: User, *, comes_along: bool) -> int | None:
    """Let whoever commands what ends command it no more, and the other where nobody does; give who it was.

    Who is no member of a private one and was not asked along does not command it.
    """
    before, role = lifecycle.commander(incident), _command()
    if before is None or role is None:
        return None
    lifecycle.release_role(incident, role_slug=role.slug, user=before, actor=actor)
    may_know = comes_along or not into.private or before in participants(into)
    if may_know and lifecycle.commander(into) is None:
        _appoint(into, before, actor)
    return before.pk


def _command() -> RoleDefinition | None:
    return RoleDefinition.objects.filter(is_commander=True).first()


def _appoint(incident: Incident, user: User, actor: User | None) -> None:
    """Let somebody command; who left meanwhile, or may not beside another role, does not."""
    role = _command()
    if role is None:
        return
    try:
        with transaction.atomic():
            lifecycle.assign_role(incident, role_slug=role.slug, user=user, actor=actor)
    except (lifecycle.TwoRolesAtOnce, lifecycle.CannotTakePart):
        return


@transaction.atomic
def unmerge(incident: Incident, *, reason: str, actor: User) -> Incident:
    """Undo a merge: the incident is open again, with the alerts, parts and command that went over and are still there."""
    one_by_one()
    tie = queries.merged_into(incident)
    if tie is None:
        raise CannotMerge(f"{incident} was not merged into another incident.")
    if not Tie.objects.visible_to(actor).filter(pk=tie.pk).exists():
        raise NotBoth("Only who may act in both incidents undoes a merge.")
    both(incident, tie.other, actor=actor)
    incident = lifecycle.reopen(incident, reason=reason, actor=actor)
    _apart(tie, incident, actor)
    return incident


@transaction.atomic
def come_apart(incident_id: int, *, actor: User | None) -> None:
    """Give back what a merge took from an incident that was reopened; nothing where that was done already."""
    one_by_one()
    row = Tie.objects.standing().filter(incident=incident_id, kind=Kind.MERGED)
    tie = row.select_related("incident", "other").first()
    if tie is not None and tie.incident.is_active:
        _apart(tie, tie.incident, actor)


def _apart(tie: Tie, incident: Incident, actor: User | None) -> None:
    other, carried = tie.other, tie.carried
    end(tie, actor=actor)
    if other.private and not incident.private:
        return  # what went over is known to its members alone by now
    registry.move(carried.get("alerts", []), source=other, target=incident, actor=None)
    new = set(carried.get("services", []))
    if new:
        _set_services(other, set(other.services.values_list("pk", flat=True)) - new, actor)
    if carried.get("parts"):
        _take_parts(other, incident, actor, among=carried["parts"])
    if carried.get("out_of"):
        _step_in(carried["out_of"], actor)
    before = next((row for row in participants(incident) if row.pk == carried.get("commander")), None)
    if before is not None and before != lifecycle.commander(other) and lifecycle.commander(incident) is None:
        _appoint(incident, before, actor)
