"""Incidents by the words of their facts and timelines; services, their runbooks and changes; what was odd."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Case, Exists, OuterRef, Q, When
from django.urls import reverse

from core.search import queries as search
from core.search.registry import Hit
from core.search.rules import excerpt
from incidents.catalog import queries as catalog
from incidents.catalog.models import LinkKind, Service, ServiceLink
from incidents.changes import queries as changed
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import FACTS, Incident, Participant, TimelineEntry
from incidents.lifecycle.rules import ACTIVE, parse_ref
from incidents.observations import queries as odd
from incidents.runbooks import queries as written
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.search.rules import Query
    from incidents.lifecycle.models import IncidentQuerySet

OPERATORS = frozenset({"is", "sev", "service", "team", "who", "before", "after"})
DATED = frozenset({"service", "before", "after"})


def incidents(user: User, query: Query, most: int) -> list[Hit]:
    """Incidents in which each word stands somewhere: the one whose number was typed, then open ones, the latest first."""
    found = _meant(lifecycle.seen(user), query)
    named = Q(number=parse_ref(" ".join(query.words)) or 0)  # none has that number
    if query.words:
        written = reduce(and_, map(_has, query.words))
        found = found.alias(words=search.vector(*FACTS)).filter(named | written)
    rows = list(found.order_by(_first(named), _first(Q(status__in=ACTIVE)), "-declared_at", "-id")[:most])
    lines = _lines(rows, query)
    return [
        Hit(
            f"{row} {row.title}",
            reverse("incidents:room", args=[row.number]),
            f"{row.severity.label}, {row.status}",
            excerpt([getattr(row, name) for name in FACTS[1:]] + lines.get(row.pk, []), query.words),
            row.declared_at,
        )
        for row in rows
    ]


def _first(those: Q) -> Case:
    return Case(When(those, then=0), default=1)


def _meant(found: IncidentQuerySet, query: Query) -> IncidentQuerySet:
    asked = query.operators
    found = found.filter(search.between(query, "declared_at"))
    if "is" in asked:
        found = found.filter(status__in=ACTIVE) if asked["is"] == "open" else found.exclude(status__in=ACTIVE)
    if "sev" in asked:
        level = severities.find(asked["sev"])
        found = found.filter(severity=level) if level else found.none()
    if "service" in asked:
        named = Service.objects.filter(_called(asked["service"]), incidents=OuterRef("pk"))
        found = found.filter(Exists(named))
    if "team" in asked:
        team = Q(team__slug__iexact=asked["team"]) | Q(team__name__icontains=asked["team"])
        found = found.filter(Exists(Service.objects.filter(team, incidents=OuterRef("pk"))))
    if "who" in asked:
        there = Participant.objects.filter(user__name__icontains=asked["who"], incident=OuterRef("pk"))
        found = found.filter(Exists(there))
    return found


def _has(word: str) -> Q:
    wanted = search.beginning(word)
    if wanted is None:
        return Q()
    told = TimelineEntry.objects.alias(words=search.vector("text")).filter(words=wanted)
    affected = Service.objects.filter(name__icontains=word, incidents=OuterRef("pk"))
    return Q(words=wanted) | Q(pk__in=told.values("incident_id")) | Q(Exists(affected))


def _lines(rows: list[Incident], query: Query) -> dict[int, list[str]]:
    """The lines of their timelines in which a word stands, the latest first."""
    wanted = [found for word in query.words if (found := search.beginning(word)) is not None]
    if not wanted or not rows:
        return {}
    any_word = Q()
    for one in wanted:
        any_word |= Q(words=one)
    entries = (
        TimelineEntry.objects.alias(words=search.vector("text"))
        .filter(any_word, incident__in=[row.pk for row in rows])
        .order_by("incident_id", "-at", "-id")
        .distinct("incident_id")
    )
    return {pk: [text] for pk, text in entries.values_list("incident_id", "text")}


def _called(name: str) -> Q:
    return Q(slug__iexact=name) | Q(name__icontains=name)


def services(user: User, query: Query, most: int) -> list[Hit]:
    """Services with each word in name, address, description or team."""
    found = catalog.services(user, search=" ".join(query.words))
    if "team" in query.operators:
        team = query.operators["team"]
        found = found.filter(Q(team__slug__iexact=team) | Q(team__name__icontains=team))
    return [
        Hit(
            service.name,
            reverse("incidents:service", args=[service.slug]),
            str(service.team or ""),
            excerpt([service.description], query.words),
        )
        for service in found[:most]
    ]


def runbooks(user: User, query: Query, most: int) -> list[Hit]:
    """Runbooks that are written here, by all of their words; then those that a service links to."""
    here = _written(user, query, most)
    return [*here, *_linked(user, query, most - len(here))]


def _written(user: User, query: Query, most: int) -> list[Hit]:
    found = written.chosen(user, search=" ".join(query.words))
    if "service" in query.operators:
        named = Service.objects.filter(_called(query.operators["service"]), runbooks=OuterRef("pk"))
        found = found.filter(Exists(named))
    return [
        Hit(
            row.name,
            reverse("incidents:runbook", args=[row.slug]),
            str(row.team),
            excerpt([row.text], query.words),
        )
        for row in found.order_by("name", "pk")[:most]
    ]


def _linked(user: User, query: Query, most: int) -> list[Hit]:
    links = ServiceLink.objects.filter(
        search.contains(query.words, "label", "service__name"),
        kind=LinkKind.RUNBOOK,
        service__in=Service.objects.visible_to(user),
    )
    if "service" in query.operators:
        links = links.filter(service__in=Service.objects.filter(_called(query.operators["service"])))
    found = links.select_related("service").order_by("label", "id")[:most]
    return [Hit(link.label, link.url, link.service.name) for link in found]


def changes(user: User, query: Query, most: int) -> list[Hit]:
    """Changes with each word in what they say, the latest first."""
    named = search.contains(query.words, "summary", "version", "by", "service__name")
    found = changed.changes(user).filter(named, search.between(query, "at"), _of(query))
    return [
        Hit(
            f"{row.summary} {row.version}".strip(),
            f"{reverse('incidents:changes')}?{urlencode({'service': row.service.slug})}",
            row.service.name,
            at=row.at,
        )
        for row in found[:most]
    ]


def observations(user: User, query: Query, most: int) -> list[Hit]:
    """What somebody found odd, the latest first."""
    named = search.contains(query.words, "text", "service__name")
    found = odd.seen(user).filter(named, search.between(query, "noted_at"), _of(query))
    page = reverse("incidents:observations")
    return [
        Hit(row.text, f"{page}?show=over" if row.ended_at else page, str(row.service or ""), at=row.noted_at)
        for row in found[:most]
    ]


def _of(query: Query) -> Q:
    name = query.operators.get("service")
    return Q(service__in=Service.objects.filter(_called(name))) if name else Q()
