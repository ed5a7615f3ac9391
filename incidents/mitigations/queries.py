from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.accounts.policy import Verb, can
from incidents.mitigations.models import AppliedMitigation, Mitigation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident
    from incidents.mitigations.models import AppliedQuerySet, MitigationQuerySet


def of_service(user: User, service: Service) -> MitigationQuerySet:
    """Give what can be tried on a service, in its order."""
    return Mitigation.objects.visible_to(user).filter(service=service).active().select_related("service")


def may_change(user: User, service: Service) -> bool:
    """Say whether somebody configures what can be tried on a service."""
    return can(user, Verb.CONFIGURE, service.team)


def offered(user: User, incident: Incident) -> list[Mitigation]:
    """Give what can be tried on the affected services, rolling back first."""
    rows = Mitigation.objects.visible_to(user).active().filter(service__in=incident.services.all())
    order = ["rollback", "flag", "traffic", "automation", "other"]
    return sorted(rows.select_related("service"), key=lambda row: (order.index(row.kind), row.position))


def applied(user: User, incident: Incident) -> AppliedQuerySet:
    """Give what was tried in an incident, oldest first."""
    found = AppliedMitigation.objects.visible_to(user).filter(incident=incident)
    return found.select_related("started_by", "undone_by", "kept_owner", "mitigation")


@dataclass(frozen=True, slots=True)
class Panel:
    """The mitigations of a room: what can be tried, what is under way, what was tried, what still has to go."""

    offered: Sequence[Mitigation]
    running: Sequence[AppliedMitigation]
    standing: Sequence[AppliedMitigation]
    past: Sequence[AppliedMitigation]


def panel(user: User, incident: Incident) -> Panel:
    """Give the mitigations of a room."""
    tried = list(applied(user, incident))
    running = [row for row in tried if row.ended_at is None]
    busy = {row.mitigation_id for row in tried if row.ended_at is None or row.is_standing}
    return Panel(
        offered=[row for row in offered(user, incident) if row.pk not in busy] if incident.is_active else [],
        running=running,
        standing=[row for row in tried if row.is_standing],
        past=[row for row in tried if row.ended_at is not None and not row.is_standing],
    )


def held(incident: Incident) -> str:
    """Say what has to be undone, or kept on purpose, before an incident ends; "" for nothing."""
    names = [f"“{row.name}”" for row in AppliedMitigation.objects.filter(incident=incident).standing()]
    if not names:
        return ""
    what = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} temporary and still in force."
    it = "it" if len(names) == 1 else "each"
    return f"{what} Undo {it}, or keep {it} on purpose with a reason and an owner."
