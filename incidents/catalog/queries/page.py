"""The list of services, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from incidents.catalog import registry, rules
from incidents.catalog.models import LinkKind
from incidents.catalog.queries.radius import radius
from incidents.catalog.queries.services import get, services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service, ServiceLink
    from incidents.catalog.queries.radius import Radius, Reached

RECENT = 20


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service in the list, with how it is doing and what it lacks."""

    service: Service
    situation: registry.Situation
    readiness: registry.Readiness | None
    duty: registry.OnDuty


@dataclass(frozen=True)
class ServicePage:
    """Everything that a service's page shows of the catalog."""

    service: Service
    situation: registry.Situation
    radius: Radius
    links: Sequence[ServiceLink]
    runbooks: Sequence[ServiceLink]
    changes: Sequence[registry.Changed]
    duty: registry.OnDuty
    coverage: str

    @cached_property
    def graph(self) -> rules.Graph:
        """Draw the service between its neighbours."""
        own = rules.Box(self.service.pk, self.service.name, self.situation.state)
        return rules.draw(
            own,
            [*_boxes(self.radius.needed_by, side=-1), *_boxes(self.radius.needs, side=1)],
            self.radius.lines,
        )

    @property
    def business(self) -> Sequence[Service]:
        """Give what customers would notice besides the service itself."""
        return [row for row in self.radius.business if row != self.service]


def _boxes(rows: Sequence[Reached], *, side: int) -> list[rules.Box]:
    return [
        rules.Box(row.service.pk, row.service.name, row.situation.state, side * row.distance) for row in rows
    ]


def directory(
    user: User, *, search: str = "", ready: bool = False, missing: bool = False
) -> list[ServiceRow]:
    """Give the list of services with their situation; with `ready` how ready they are, with `missing` only who is not."""
    rows = list(services(user, search=search))
    known_ready = registry.readiness(user, rows) if ready or missing else {}
    if missing:
        rows = [row for row in rows if known_ready.get(row.pk, registry.Readiness()).missing]
    ids = [row.pk for row in rows]
    known, duties = registry.situations(user, ids), registry.on_duty(user, ids, after=False)
    return [
        ServiceRow(
            row,
            known.get(row.pk, registry.Situation()),
            known_ready.get(row.pk),
            duties.get(row.pk, registry.OnDuty()),
        )
        for row in rows
    ]


def page(user: User, slug: str) -> ServicePage:
    """Give a service's page: how far trouble goes, links, recent changes."""
    service = get(user, slug)
    known = registry.situations(user, [service.pk])
    links = sorted(service.links.order_by("label", "pk"), key=lambda link: link.place)
    return ServicePage(
        service=service,
        situation=known.get(service.pk, registry.Situation()),
        radius=radius(user, [service]),
        links=[link for link in links if link.kind != LinkKind.RUNBOOK],
        runbooks=[link for link in links if link.kind == LinkKind.RUNBOOK],
        changes=registry.changes(user, service, most=RECENT),
        duty=registry.on_duty(user, [service.pk]).get(service.pk, registry.OnDuty()),
        coverage=registry.coverages().get(service.tier, ""),
    )
