from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404

from incidents.production.models import ProductionChange

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def of(user: User | AnonymousUser, incident: Incident) -> QuerySet[ProductionChange]:
    """Give what responders changed in production in an incident, newest first."""
    found = ProductionChange.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "made_by", "undone_by").order_by("-at", "-pk")


def one(user: User | AnonymousUser, incident: Incident, pk: int) -> ProductionChange:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


def in_order(incident_id: int) -> QuerySet[ProductionChange]:
    """Give what was changed in an incident from the beginning on, for what is written once it is over."""
    return (
        ProductionChange.objects.filter(incident=incident_id)
        .select_related("made_by", "undone_by")
        .order_by("at", "pk")
    )
