"""Who takes part, who holds which role, and whom somebody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now

from core import live
from core.accounts.policy import Verb, can
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import ResponderWanted, RoleAssigned, RoleReleased
from incidents.lifecycle import rules
from incidents.lifecycle.models import EntryKind, Participant, RoleAssignment, RoleDefinition
from incidents.lifecycle.operations.apart import keep_incidents_apart, keep_roles_apart
from incidents.lifecycle.operations.base import active, enter, locked, tell, write
from incidents.severities.models import Separation

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

TARGETS = ("user", "schedule", "team", "policy")
DEPUTY = "deputy"


class NoSuchRole(Refused):
    """The role is not configured."""


class CannotTakePart(Refused):
    """The person has left, or only reads."""


class AlreadyCommanded(Refused):
    """Somebody commands; command goes over by hand-over."""


class NoReasonToTakeOver(Refused):
    """Taking command from somebody says why, for whoever had it and for those who come later."""


class HoldsRole(Refused):
    """Who holds a role gives it away before leaving."""


class NoBriefing(Refused):
    """A hand-over carries words for the one who takes over."""


class NoSuchTarget(Refused):
    """One can page a person, a schedule or a policy."""


def admit(incident: Incident, user: User) -> bool:
    """Make a person a participant, inside the caller's transaction; say whether they are new."""
    _, created = Participant.objects.get_or_create(incident=incident, user=user)
    return created


def appoint(incident: Incident, user: User, role: RoleDefinition) -> int | None:
    """Let a person hold a role, inside the caller's transaction; give whom they replaced in an exclusive one."""
    held = RoleAssignment.objects.filter(incident=incident, role=role, ended_at=None).exclude(user=user)
    previous = held.values_list("user_id", flat=True).first() if role.is_exclusive else None
    if role.is_exclusive:
        held.update(ended_at=Now())
    RoleAssignment.objects.get_or_create(
        incident=incident, role=role, user=user, ended_at=None, defaults={"exclusive": role.is_exclusive}
    )
    return previous


@transaction.atomic
def join(incident: Incident, *, user: User) -> None:
    """Make a person a participant, who sees the incident even when it is private; a second time changes nothing."""
    if admit(incident, user):
        tell(incident)


@transaction.atomic
def invite(incident: Incident, *, user: User, actor: User) -> None:
    """Ask somebody in, who from then on sees the incident even when it is private."""
    _may_act(user)
    if admit(incident, user):
        enter(incident, EntryKind.ROLE, f"{user} was asked in", actor=actor, data={"invited": user.pk})
        tell(incident)


@transaction.atomic
def leave(incident: Incident, *, user: User, actor: User) -> None:
    """End a person's part; of a private incident they know no more from then on."""
    if RoleAssignment.objects.filter(incident=incident, user=user, ended_at=None).exists():
        raise HoldsRole(f"{user} holds a role. Give it to somebody else first.")
    gone, _ = Participant.objects.filter(incident=incident, user=user).delete()
    if gone:
        enter(incident, EntryKind.ROLE, f"{user} left", actor=actor, data={"left": user.pk})
        tell(incident)
        if incident.private:
            live.changed("visibility")


@transaction.atomic
def assign_role(incident: Incident, *, role_slug: str, user: User, actor: User | None) -> Incident:
    """Give a person a role, at once; whoever held an exclusive one holds it no more."""
    incident = active(incident)
    role = _role(role_slug)
    _may_act(user)
    if not _holds(incident, role, user):
        keep_roles_apart(incident, role, user)
        if role.is_commander:
            keep_incidents_apart(incident, user)
        before = commander(incident) if role.is_commander else None
        previous = _appoint_and_admit(incident, role, user)
        words = f"{user} is {role.name.lower()}"
        if before is not None:
            words += f", without a hand-over from {before}"
        _record(incident, role, user, previous, words=words, actor=actor)
    return incident


@transaction.atomic
def release_role(incident: Incident, *, role_slug: str, user: User, actor: User) -> Incident:
    """Let a person hold a role no more."""
    incident = locked(incident)
    role = _role(role_slug)
    ended = RoleAssignment.objects.filter(incident=incident, role=role, user=user, ended_at=None).update(
        ended_at=Now()
    )
    if ended:
        _record_release(incident, role, user, "", actor)
    return incident


def commander(incident: Incident) -> User | None:
    """Give who commands, as the roles stand; None where nobody does."""
    held = RoleAssignment.objects.filter(incident=incident, role__is_commander=True, ended_at=None)
    row = held.select_related("user").first()
    return None if row is None else row.user


@transaction.atomic
def give_back(incident: Incident, *, actor: User) -> Incident:
    """Command no more, with nobody to take it; who does not command changes nothing by it."""
    return release_role(incident, role_slug=_command().slug, user=actor, actor=actor)


@transaction.atomic
def take_command(incident: Incident, *, actor: User) -> Incident:
    """Take command of an incident that nobody commands."""
    incident = active(incident)
    holder = commander(incident)
    if holder is not None and holder.pk != actor.pk:
        raise AlreadyCommanded(f"{holder} commands. Ask for a hand-over, or take over and say why.")
    if holder is None:
        _begin_to_command(incident, actor, words=f"{actor} took command", actor=actor)
        if incident.acknowledged_at is None:
            write(incident, acknowledged_at=now())
    return incident


@transaction.atomic
def take_over(incident: Incident, *, actor: User, reason: str = "") -> Incident:
    """Take command without a hand-over, from somebody who does not answer; the timeline says so and why.

    A deputy needs no reason (R081). Where nobody commands it is taking command.
    """
    incident = active(incident)
    holder = commander(incident)
    if holder is None or holder.pk == actor.pk:
        return take_command(incident, actor=actor)
    why = reason.strip()
    if not why and not is_deputy(incident, actor):
        raise NoReasonToTakeOver(f"{holder} commands. Say why you take over without a hand-over.")
    words = f"{actor} took over command from {holder} without a hand-over: {why or 'as deputy'}"
    _begin_to_command(incident, actor, words=words, actor=actor, more={"taken_over": True, "why": why})
    return incident


def is_deputy(incident: Incident, user: User) -> bool:
    """Say whether somebody stands in for whoever commands."""
    held = RoleAssignment.objects.filter(incident=incident, role__slug=DEPUTY, user=user, ended_at=None)
    return held.exists()


@transaction.atomic
def hand_over(
    incident: Incident, *, to: User, briefing: str, actor: User | None, more: dict[str, Any] | None = None
) -> Incident:
    """Let command go over to somebody who accepted it; both names and the time are kept (R080)."""
    incident = active(incident)
    if not briefing.strip():
        raise NoBriefing("Say in a few words what the next commander needs to know.")
    before = commander(incident)
    if before != to:
        words = f"Command handed over{f' by {before}' if before else ''} to {to}. {briefing.strip()}"
        _begin_to_command(incident, to, words=words, actor=actor, more=more)
    return incident


def _begin_to_command(
    incident: Incident, user: User, *, words: str, actor: User | None, more: dict[str, Any] | None = None
) -> None:
    """Let somebody command; where nobody may do both, the technical lead is free from then on."""
    _may_act(user)
    keep_incidents_apart(incident, user)
    role = _command()
    previous = _appoint_and_admit(incident, role, user)
    _record(incident, role, user, previous, words=words, actor=actor, more=more)
    part_roles(incident, user, actor=actor)


def part_roles(incident: Incident, user: User, *, actor: User | None) -> None:
    """Take from who commands what nobody does beside it, inside the caller's transaction.

    Nobody is their own deputy; at a level that keeps them apart nobody leads the technical work as well.
    """
    strict = incident.severity.separation == Separation.BLOCKED
    slugs = [DEPUTY, rules.TECHNICAL] if strict else [DEPUTY]
    held = RoleAssignment.objects.filter(incident=incident, role__slug__in=slugs, user=user, ended_at=None)
    for row in held.select_related("role"):
        RoleAssignment.objects.filter(pk=row.pk).update(ended_at=Now())
        _record_release(incident, row.role, user, ": they command", actor)


@transaction.atomic
def request_page(
    incident: Incident, *, kind: str, target_id: int, message: str, actor: User, name: str = ""
) -> None:
    """Ask for a person, a schedule, a team or a policy with a message; on-call hears it. `name` is for people."""
    incident = active(incident)
    if kind not in TARGETS:
        raise NoSuchTarget("Page a person, a schedule, a team or a policy.")
    enter(
        incident,
        EntryKind.PAGE,
        f"{name or f'A {kind}'} is paged: {message.strip() or incident.title}",
        actor=actor,
        data={"wanted": kind, "target": target_id, "name": name},
    )
    bus.emit(
        ResponderWanted(
            incident_id=incident.pk, kind=kind, target_id=target_id, message=message.strip() or incident.title
        ),
        actor=actor,
    )
    tell(incident)


def _role(slug: str) -> RoleDefinition:
    role = RoleDefinition.objects.filter(slug=slug).first()
    if role is None:
        raise NoSuchRole(f"There is no role “{slug}”.")
    return role


def _command() -> RoleDefinition:
    role = RoleDefinition.objects.filter(is_commander=True).first()
    if role is None:
        raise NoSuchRole("No role is configured as the one that commands.")
    return role


def _may_act(user: User) -> None:
    if not can(user, Verb.RESPOND):
        raise CannotTakePart(f"{user} cannot respond: the account is inactive or only reads.")


def _holds(incident: Incident, role: RoleDefinition, user: User) -> bool:
    return RoleAssignment.objects.filter(incident=incident, role=role, user=user, ended_at=None).exists()


def _appoint_and_admit(incident: Incident, role: RoleDefinition, user: User) -> int | None:
    admit(incident, user)
    return appoint(incident, user, role)


def _record(
    incident: Incident,
    role: RoleDefinition,
    user: User,
    previous: int | None,
    *,
    words: str,
    actor: User | None,
    more: dict[str, Any] | None = None,
) -> None:
    data = {"role": role.slug, "user": user.pk, "previous": previous, **(more or {})}
    enter(incident, EntryKind.ROLE, words, actor=actor, data=data)
    write(incident)
    fact = RoleAssigned(incident_id=incident.pk, role=role.slug, user_id=user.pk, previous_user_id=previous)
    bus.emit(fact, actor=actor)


def _record_release(
    incident: Incident, role: RoleDefinition, user: User, why: str, actor: User | None
) -> None:
    text = f"{user} is no longer {role.name.lower()}{why}"
    enter(incident, EntryKind.ROLE, text, actor=actor, data={"role": role.slug, "released": user.pk})
    write(incident)
    bus.emit(RoleReleased(incident_id=incident.pk, role=role.slug, user_id=user.pk), actor=actor)
