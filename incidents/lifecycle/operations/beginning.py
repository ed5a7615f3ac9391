"""Who commands at the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.policy import Verb, can
from incidents.events import RoleAssigned
from incidents.lifecycle import queries
from incidents.lifecycle.models import EntryKind, RoleDefinition
from incidents.lifecycle.operations.base import enter
from incidents.lifecycle.operations.people import admit, appoint

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def first_commander(incident: Incident, actor: User) -> list[object]:
    """Let whoever declared it, or took it first, command (R006); give the facts to tell.

    Who only reads does not, nor who commands another one where a level forbids both.
    """
    role = RoleDefinition.objects.filter(is_commander=True).first()
    admit(incident, actor)
    if role is None or not can(actor, Verb.RESPOND):
        return []
    other = queries.forbidding(incident, actor)
    if other is not None:
        text = f"Nobody commands yet: {actor} commands {other}"
        enter(incident, EntryKind.ROLE, text, actor=actor, data={"role": role.slug, "not": actor.pk})
        return []
    appoint(incident, actor, role)
    text = f"{actor} is {role.name.lower()}, until somebody takes over"
    enter(
        incident,
        EntryKind.ROLE,
        text,
        actor=actor,
        data={"role": role.slug, "user": actor.pk, "previous": None},
    )
    return [RoleAssigned(incident_id=incident.pk, role=role.slug, user_id=actor.pk, previous_user_id=None)]
