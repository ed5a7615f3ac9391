"""What nobody does at once: command and lead the technical work, or command two incidents, where a level forbids it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Refused
from incidents.lifecycle import queries, rules
from incidents.lifecycle.models import RoleAssignment
from incidents.severities.models import Separation

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident, RoleDefinition


class TwoRolesAtOnce(Refused):
    """At this level nobody both commands and leads the technical work (R077)."""


class TwoIncidentsAtOnce(Refused):
    """At this level nobody commands two incidents (R024, R077)."""


def keep_roles_apart(incident: Incident, role: RoleDefinition, user: User) -> None:
    """Refuse somebody who would command and lead the technical work, at a level where nobody does both."""
    if incident.severity.separation != Separation.BLOCKED:
        return
    held = RoleAssignment.objects.filter(incident=incident, user=user, ended_at=None)
    if role.slug == rules.TECHNICAL and held.filter(role__is_commander=True).exists():
        raise TwoRolesAtOnce(
            f"{user} commands. At {incident.severity.label} somebody else leads the technical work."
        )
    if role.is_commander and held.filter(role__slug=rules.TECHNICAL).exists():
        raise TwoRolesAtOnce(
            f"{user} leads the technical work. At {incident.severity.label} somebody else commands,"
            " or gives that lead away first."
        )


def keep_incidents_apart(incident: Incident, user: User) -> None:
    """Refuse somebody who commands another incident already, where the level of one of the two forbids both."""
    other = queries.forbidding(incident, user)
    if other is not None:
        strict = next(row.severity for row in (incident, other) if queries.forbids(row))
        raise TwoIncidentsAtOnce(
            f"{user} commands {other}. At {strict.label} nobody commands two incidents: one of them goes to"
            " somebody else first."
        )
