from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, OuterRef, Subquery, When
from django.db.models.functions import Now

from incidents.estimates.models import Estimate

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident, IncidentQuerySet


def of(user: User | AnonymousUser, incident: Incident) -> QuerySet[Estimate]:
    """Give what was estimated in an incident, newest first."""
    return Estimate.objects.visible_to(user).filter(incident=incident).select_related("by").order_by("-pk")


def current(incident: Incident) -> Estimate | None:
    """Give what counts now; None where nothing does, its time has passed, or customers feel nothing any more."""
    if incident.impact_until is not None:
        return None
    latest = Estimate.objects.filter(incident=incident).order_by("-pk").values("pk")[:1]
    return Estimate.objects.filter(pk=Subquery(latest), restored_at__gt=Now()).first()


def for_customers(incident: Incident) -> Estimate | None:
    """Give what customers may read of it."""
    found = None if incident.private or incident.drill else current(incident)
    return found if found is not None and found.public else None


def with_estimate(found: IncidentQuerySet) -> IncidentQuerySet:
    """Fetch along what is still ahead of it, and whether customers read that: `restored_by`, `restored_by_public`."""
    latest = Estimate.objects.filter(incident=OuterRef("pk")).order_by("-pk")
    ahead = Case(When(restored_at__gt=Now(), then="restored_at"))
    return found.annotate(
        restored_by=Subquery(latest.annotate(ahead=ahead).values("ahead")[:1]),
        restored_by_public=Subquery(latest.values("public")[:1]),
    )
