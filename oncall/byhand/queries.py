"""Pages by hand, for whoever paged and whoever looks on: whom it asks, who accepted, who declined and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import get_object_or_404

from incidents.lifecycle import registry
from incidents.lifecycle.models import Incident
from oncall.alerts.models import Alert
from oncall.escalation import queries as escalations
from oncall.escalation.models import Escalation
from oncall.paging import queries as paging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.registry import Target

LATELY = 8


def targets(user: User) -> Mapping[str, Sequence[Target]]:
    """Give everybody whom a person can page, by kind."""
    return registry.targets(user)


def incidents(user: User) -> QuerySet[Incident]:
    """Give the open incidents that a page can be about."""
    return Incident.objects.visible_to(user).active().select_related("severity").order_by("-number")


def visible_to(user: User | AnonymousUser) -> QuerySet[Escalation]:
    """Give the pages by hand a person may know of: all but those about what they may not see."""
    if not user.is_authenticated:
        return Escalation.objects.none()
    incident = Q(incident=None) | Q(incident__in=Incident.objects.visible_to(user))
    alert = Q(alert=None) | Q(alert__in=Alert.objects.visible_to(user))
    return Escalation.objects.filter(incident & alert, by_hand=True).select_related(*escalations.RELATED)


def lately(user: User) -> list[Escalation]:
    """Give the last pages by hand, newest first."""
    return list(visible_to(user).order_by("-pk")[:LATELY])


@dataclass(frozen=True, slots=True)
class Screen:
    """One page by hand: whom it asks, in whose words, and what everybody answered."""

    escalation: Escalation
    entries: list[paging.Entry]
    next_up: escalations.NextUp | None

    @property
    def whom(self) -> str:
        """Whom it was meant for: a person, a schedule, a team or a policy."""
        plan = self.escalation.plan
        return str(plan.get("name") or "somebody") if isinstance(plan, dict) else "somebody"


def find(user: User, pk: int) -> Screen:
    """Give one page by hand with its answers; 404 where absent or not visible."""
    escalation = get_object_or_404(visible_to(user), pk=pk)
    asked = paging.pages(user).filter(escalation=escalation).order_by("pk")
    return Screen(escalation, paging.entries(asked), escalations.next_up(escalation))
