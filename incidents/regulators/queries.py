from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404

from incidents.lifecycle.models import RoleAssignment
from incidents.regulators.models import DataBreach, Regime, ReportDuty

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.regulators.models import DutyQuerySet, RegimeQuerySet

    Person = User | AnonymousUser


def regimes(user: Person) -> RegimeQuerySet:
    """Give the authorities that may have to hear of a breach, those in use first."""
    return Regime.objects.visible_to(user).order_by("-is_active", "position", "name")


def breach(user: Person, incident: Incident) -> DataBreach | None:
    """Give the flag of an incident; None where there is none."""
    found = DataBreach.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "flagged_by").first()


def duties(user: Person, incident: Incident) -> DutyQuerySet:
    """Give what has to be reported of an incident, the next first."""
    found = ReportDuty.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "regime", "ended_by").order_by("due_at", "pk")


def duty(user: Person, incident: Incident, pk: int) -> ReportDuty:
    """Give one; 404 where there is none."""
    return get_object_or_404(duties(user, incident), pk=pk)


def listeners(incident: Incident) -> list[User]:
    """Give who is reminded: who commands and who has communications, else whoever takes part."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, user__is_active=True)
    rows = list(held.select_related("user", "role").order_by("role__position", "id"))
    found = [row.user for row in rows if row.role.is_commander or row.role.slug == "communications"]
    if not found:
        part = incident.participants.filter(user__is_active=True).select_related("user")
        found = [row.user for row in part.order_by("joined_at", "pk")]
    return list(dict.fromkeys(found))
