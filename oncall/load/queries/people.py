"""Whose load somebody may see: their own, and that of the people of teams that they manage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from core.accounts import policy
from core.accounts.models import Membership, Team, User
from core.accounts.policy import Verb
from oncall.load.models import PayRates

if TYPE_CHECKING:
    from django.db.models import QuerySet


def managed(viewer: User) -> QuerySet[Team]:
    """The teams whose people's load somebody may see, by name."""
    return policy.managed_teams(viewer).order_by("name", "id").distinct()


def members(team: Team, viewer: User) -> list[User]:
    """The people of a team that the viewer manages, by name; whoever left is still one of them."""
    policy.require(viewer, Verb.CONFIGURE, team)
    ids = Membership.objects.filter(team=team).values("user")
    return list(User.objects.filter(pk__in=ids).order_by("name", "id"))


def rates(viewer: User) -> QuerySet[PayRates]:
    """The pay rates that somebody may see, those of every team first, the latest of each before the others."""
    found = PayRates.objects.visible_to(viewer).select_related("team", "created_by")
    return found.order_by(F("team__name").asc(nulls_first=True), "-since", "-pk")
