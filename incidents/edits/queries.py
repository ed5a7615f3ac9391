from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts import queries as people
from core.accounts.models import Role
from incidents.catalog import queries as catalog
from incidents.closing import queries as closing
from incidents.command import queries as command
from incidents.lifecycle import registry
from incidents.lifecycle.models import RoleDefinition
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.closing.queries import Outlook
    from incidents.lifecycle.models import Incident
    from incidents.lifecycle.registry import Target
    from incidents.severities.models import Severity


def responders(user: User) -> list[User]:
    """Give everybody who may take part, the asking person last."""
    found = [person for person in people.people() if person.role != Role.VIEWER]
    return sorted(found, key=lambda person: person.pk == user.pk)


def everybody() -> list[User]:
    """Give everybody who works here: a business decision is often made by somebody who only reads."""
    return list(people.people())


def roles(incident: Incident) -> list[RoleDefinition]:
    """Give the roles that can be given: command goes over by a hand-over while somebody has it."""
    found = RoleDefinition.objects.all()
    commanded = incident.roles.filter(role__is_commander=True, ended_at=None).exists()
    return list(found.exclude(is_commander=True) if commanded else found)


def levels() -> list[Severity]:
    """Give the levels in use, worst first."""
    return list(severities.levels())


def services(user: User) -> list[Service]:
    """Give the services a person can name."""
    return list(catalog.services(user))


def affected(incident: Incident) -> list[int]:
    """Give the ids of the services named so far."""
    return list(incident.services.values_list("pk", flat=True))


def targets(user: User) -> Mapping[str, Sequence[Target]]:
    """Give whom a person can page, by kind."""
    return registry.targets(user)


def ending(incident: Incident, user: User) -> Outlook:
    """Work out what stands between an incident and its end."""
    return closing.outlook(incident, actor=user)


def asked(incident: Incident) -> list[str]:
    """Give what goes on without an incident that ends."""
    return registry.asked(incident)


def briefing(incident: Incident) -> str:
    """Write what the next commander needs to know, what people are asked to do included."""
    return command.briefing(incident)
