"""How much time off being on call earns, team by team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from oncall.load.models import AMOUNTS, PayRates
from oncall.timeoff.models import TimeOffTerms
from oncall.timeoff.rules import Terms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.db.models import QuerySet

    from core.accounts.models import User


def all_terms(viewer: User) -> QuerySet[TimeOffTerms]:
    """The terms that somebody may see, those of every team first."""
    found = TimeOffTerms.objects.visible_to(viewer).select_related("team", "severity", "created_by")
    return found.order_by(F("team__name").asc(nulls_first=True), "pk")


def by_team() -> dict[int | None, Terms]:
    """Give the terms of each team that has its own, and for all others those of None."""
    found: dict[int | None, Terms] = {None: Terms()}
    for row in TimeOffTerms.objects.select_related("severity"):
        found[row.team_id] = Terms(
            per_night=row.per_night,
            per_weekend=row.per_weekend,
            per_incident=row.per_incident,
            woken_minutes=row.woken_minutes,
            worst_rank=row.severity.rank if row.severity else 0,
            days=row.days,
        )
    return found


def terms_of(known: Mapping[int | None, Terms], team_id: int | None) -> Terms:
    """Give the terms that hold for a team."""
    return known.get(team_id) or known[None]


def compensated(team_ids: Collection[int | None]) -> set[int | None]:
    """Give for which of these teams somebody said that being on call is paid or earns time off.

    What a team says for itself comes before what holds for all. What is proposed where nobody said anything is no word.
    """
    pays: dict[int | None, bool] = {}
    for rates in PayRates.objects.filter(since__lte=timezone.localdate()).order_by("since", "pk"):
        pays[rates.team_id] = any(getattr(rates, name) > 0 for name in AMOUNTS)
    earns = {
        row.team_id: bool(row.per_night or row.per_weekend or row.per_incident)
        for row in TimeOffTerms.objects.all()
    }
    return {pk for pk in team_ids if any(said.get(pk, said.get(None, False)) for said in (pays, earns))}
