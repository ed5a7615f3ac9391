from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import Http404

from incidents.catalog import registry, rules
from incidents.catalog.models import LinkKind, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.catalog.models import ServiceLink

RECENT = 20


def services(user: User | AnonymousUser, *, search: str = "", retired: bool = False) -> QuerySet[Service]:
    """Give the services a person may know of, most critical first, found by words of name or description."""
    found = Service.objects.visible_to(user).select_related("team").order_by("tier", "name")
    if not retired:
        found = found.active()
    for word in search.split()[:5]:
        found = found.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(description__icontains=word)
            | Q(team__name__icontains=word)
        )
    return found


def get(user: User | AnonymousUser, slug: str) -> Service:
    """Give one service; absent and invisible are the same 404."""
    found = services(user, retired=True).filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such service.")
    return found


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A service beside another one in the graph, with how it is doing."""

    service: Service
    situation: registry.Situation


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service in the list, with how it is doing and what it lacks."""

    service: Service
    situation: registry.Situation
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class ServicePage:
    """Everything that a service's page shows of the catalog."""

    service: Service
    situation: registry.Situation
    depends_on: Sequence[Neighbour]
    dependents: Sequence[Neighbour]
    links: Sequence[ServiceLink]
    runbooks: Sequence[ServiceLink]
    changes: Sequence[registry.Changed]
    circle: Sequence[str]

    @property
    def graph(self) -> rules.Graph:
        """Give the service between its neighbours."""
        return rules.graph(
            self.service.name,
            self.situation.state,
            needed_by=[(row.service.name, row.situation.state) for row in self.dependents],
            needs=[(row.service.name, row.situation.state) for row in self.depends_on],
        )


def directory(user: User, *, search: str = "") -> list[ServiceRow]:
    """Give the list of services with their situation."""
    rows = list(services(user, search=search).prefetch_related("links"))
    ids = [row.pk for row in rows]
    known, written = registry.situations(user, ids), registry.runbooks(user, ids)
    return [
        ServiceRow(
            row, known.get(row.pk, registry.Situation()), _missing(row, has_own=bool(written.get(row.pk)))
        )
        for row in rows
    ]


def _missing(service: Service, *, has_own: bool) -> list[str]:
    kinds = {link.kind for link in service.links.all()}
    return [] if has_own or LinkKind.RUNBOOK in kinds else ["runbook"]


def page(user: User, slug: str) -> ServicePage:
    """Give a service's page: neighbours with their situation, links, recent changes."""
    service = get(user, slug)
    below = list(service.depends_on.order_by("name"))
    above = list(service.dependents.filter(is_active=True).order_by("name"))
    known = registry.situations(user, [row.pk for row in (service, *below, *above)])
    links = list(service.links.order_by("kind", "label", "pk"))
    return ServicePage(
        service=service,
        situation=known.get(service.pk, registry.Situation()),
        depends_on=[Neighbour(row, known.get(row.pk, registry.Situation())) for row in below],
        dependents=[Neighbour(row, known.get(row.pk, registry.Situation())) for row in above],
        links=[link for link in links if link.kind != LinkKind.RUNBOOK],
        runbooks=[link for link in links if link.kind == LinkKind.RUNBOOK],
        changes=registry.changes(user, service, most=RECENT),
        circle=_circle(service),
    )


def _circle(service: Service) -> list[str]:
    """Name the services of a circle this one is part of; empty when there is none."""
    edges: dict[int, list[int]] = {}
    known = Service.objects.filter(depends_on__isnull=False)
    for origin, target in known.values_list("pk", "depends_on"):
        edges.setdefault(origin, []).append(target)
    circle = next((circle for circle in rules.circles(edges) if service.pk in circle), [])
    names = Service.objects.in_bulk(circle)
    return [names[pk].name for pk in circle]
