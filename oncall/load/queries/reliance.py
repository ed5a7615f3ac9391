"""Which services rely on one person, as far as whoever configures them may know. A bounded number of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from core.accounts import policy
from core.accounts import queries as accounts
from core.accounts.models import User
from core.accounts.policy import Verb
from incidents.catalog.models import Service
from incidents.lifecycle.models import Incident, RoleAssignment
from oncall.alerts.models import Alert
from oncall.load.rules import reliance, spans

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from oncall.load.rules.reliance import Reliance


@dataclass(frozen=True, slots=True)
class Relied:
    """A service, how far it relies on one person, and on whom if it does."""

    service: Service
    found: Reliance
    person: User | None

    @property
    def percent(self) -> int:
        """Which part of it they handled."""
        return round(self.found.share * 100)


def relied(viewer: User, first: date, last: date) -> list[Relied]:
    """Give the services that somebody configures, by name, with who handled what from one date to another.

    An alert is handled by who acknowledged it, an incident by who commanded it last. Game days do not count.
    """
    policy.require(viewer, Verb.CONFIGURE)
    spans.period(first, last)
    services = Service.objects.select_related("team").order_by("name", "id")
    if not policy.can(viewer, Verb.ADMIN):
        services = services.filter(team__in=policy.managed_teams(viewer))
    rows = list(services)
    zone = accounts.zone(viewer.time_zone)
    start, end = spans.midnight(first, zone), spans.midnight(last + spans.DAY, zone)
    ids = [row.pk for row in rows]
    alerts, incidents = _alerts(viewer, ids, start, end), _incidents(viewer, ids, start, end)
    found = {pk: reliance.reliance(alerts[pk], incidents[pk]) for pk in ids}
    single = {
        pk: one.most
        for pk, one in found.items()
        if one.is_single(percent=settings.RELIANCE_PERCENT, least=settings.RELIANCE_LEAST)
    }
    people = User.objects.in_bulk([user for user in single.values() if user is not None])
    return [Relied(row, found[row.pk], people.get(single.get(row.pk) or 0)) for row in rows]


def _alerts(
    viewer: User, service_ids: Collection[int], start: datetime, end: datetime
) -> defaultdict[int, list[int]]:
    rows = Alert.objects.visible_to(viewer).filter(
        service__in=service_ids,
        acknowledged_by__isnull=False,
        acknowledged_at__gte=start,
        acknowledged_at__lt=end,
        is_test=False,
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for service_id, user_id in rows.values_list("service", "acknowledged_by"):
        found[service_id].append(user_id)
    return found


def _incidents(
    viewer: User, service_ids: Collection[int], start: datetime, end: datetime
) -> defaultdict[int, list[int]]:
    rows = (
        Incident.objects.visible_to(viewer)
        .counted()
        .filter(services__in=service_ids, declared_at__gte=start, declared_at__lt=end)
    )
    links = set(rows.values_list("pk", "services"))
    commanders = RoleAssignment.objects.filter(
        incident__in={pk for pk, _ in links}, role__is_commander=True
    ).order_by("started_at", "pk")
    last = dict(commanders.values_list("incident", "user"))
    found: defaultdict[int, list[int]] = defaultdict(list)
    for incident_id, service_id in links:
        if incident_id in last and service_id in service_ids:
            found[service_id].append(last[incident_id])
    return found
