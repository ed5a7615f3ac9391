"""The incidents of a service, the time between them, and who was there. Private ones count for nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils import timezone

from core.accounts.models import User
from incidents.catalog import rules as catalog
from incidents.lifecycle.models import Incident, Participant
from incidents.past import rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from incidents.catalog.models import Service

DAYS, BARS = 365, 90
SHOWN, SUGGESTED = 8, 3
MOST = 2000


@dataclass(frozen=True, slots=True)
class Past:
    """The incidents of a service in a year: the latest, the time between them, the worst of each of the last days."""

    latest: Sequence[Incident]
    between: rules.Between
    states: Sequence[str]
    last_at: datetime | None

    @property
    def words(self) -> str:
        """Say what is drawn."""
        bad = sum(state != catalog.OPERATIONAL for state in self.states)
        return f"An incident was open on {bad} of {len(self.states)} days"


def incidents(service: Service) -> QuerySet[Incident]:
    """Give what counts for a service: no practice, no false alarm, nothing private, of the last year."""
    since = timezone.now() - timedelta(days=DAYS)
    return Incident.objects.counted().filter(private=False, services=service, declared_at__gte=since)


def past(user: User | AnonymousUser, service: Service) -> Past:
    """Give the past of a service."""
    rows = list(
        incidents(service)
        .filter(pk__in=Incident.objects.visible_to(user).values("pk"))
        .select_related("severity")
        .order_by("-declared_at", "-pk")[:MOST]
    )
    today = timezone.localdate()
    days = [today - timedelta(days=ago) for ago in reversed(range(BARS))]
    stretches = [
        rules.Stretch(
            _begun(row).date(), (row.resolved_at or row.closed_at or timezone.now()).date(), row.severity.rank
        )
        for row in rows
    ]
    return Past(
        latest=rows[:SHOWN],
        between=rules.between([_begun(row) for row in rows]),
        states=[catalog.state(rank) for rank in rules.worst_by_day(stretches, days=days)],
        last_at=_begun(rows[0]) if rows else None,
    )


def _begun(incident: Incident) -> datetime:
    return incident.started_at or incident.declared_at


@dataclass(frozen=True, slots=True)
class Expert:
    """Somebody who knows a service: named for it, or because they worked on its incidents."""

    user: User
    is_named: bool
    incidents: int


def experts(service: Service) -> list[Expert]:
    """Give who is named for a service, then up to three others who took part most often in its incidents."""
    counted = dict(
        Participant.objects.filter(incident__in=incidents(service).values("pk"))
        .values_list("user")
        .annotate(times=Count("incident", distinct=True))
        .order_by("-times", "user")
    )
    named = list(service.experts.filter(is_active=True).order_by("name"))
    taken = {row.pk for row in named}
    others = User.objects.active().exclude(pk__in=taken).in_bulk([pk for pk in counted if pk not in taken])
    best = [others[pk] for pk in counted if pk in others][:SUGGESTED]
    return [
        *(Expert(row, is_named=True, incidents=counted.get(row.pk, 0)) for row in named),
        *(Expert(row, is_named=False, incidents=counted[row.pk]) for row in best),
    ]
