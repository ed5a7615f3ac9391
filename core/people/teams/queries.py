from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch, Q

from core.accounts.models import Membership, Team

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User


def teams(user: User) -> QuerySet[Team]:
    """Give the teams a person may know of, by name, with their members."""
    members = (
        Membership.objects.filter(user__is_active=True).select_related("user").order_by("user__name", "id")
    )
    return (
        Team.objects.visible_to(user)
        .annotate(size=Count("memberships", filter=Q(memberships__user__is_active=True)))
        .prefetch_related(Prefetch("memberships", members))
        .order_by("name", "id")
    )


def outsiders(team: Team) -> QuerySet[User]:
    """Give the people who could be added to a team."""
    from core.accounts.queries import people  # noqa: PLC0415

    return people().exclude(memberships__team=team)
