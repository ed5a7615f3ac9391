"""Alerts, schedules and policies, and whom one could page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from core.accounts.policy import Verb, can
from core.search import queries as search
from core.search.registry import Hit
from incidents.lifecycle import registry as targets
from oncall.alerts.models import Alert, Status
from oncall.escalation.models import Policy
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.search.rules import Query

OPERATORS = frozenset({"is", "service", "before", "after"})
KINDS = ("schedule", "policy", "team", "user")
VERBS = frozenset({"page", "call", "wake"})


def alerts(user: User, query: Query, most: int) -> list[Hit]:
    """Alerts with each word in the title, the latest first."""
    found = Alert.objects.visible_to(user).alias(words=search.vector("title"))
    found = found.filter(search.between(query, "first_at"))
    for word in query.words:
        wanted = search.beginning(word)
        found = found.filter(words=wanted) if wanted is not None else found
    if "is" in query.operators:
        over = Q(status=Status.RESOLVED)
        found = found.exclude(over) if query.operators["is"] == "open" else found.filter(over)
    if "service" in query.operators:
        name = query.operators["service"]
        found = found.filter(Q(service__slug__iexact=name) | Q(service__name__icontains=name))
    rows = found.select_related("service").order_by("-last_at", "-id")[:most]
    return [
        Hit(
            row.title,
            reverse("oncall:alert", args=[row.pk]),
            ", ".join(filter(None, [row.get_status_display(), str(row.service or "")])),
            at=row.first_at,
        )
        for row in rows
    ]


def duties(user: User, query: Query, most: int) -> list[Hit]:
    """Schedules and escalation policies by name."""
    named = search.contains(query.words, "name", "description")
    found = schedules.schedules().filter(named).order_by("name")[:most]
    hits = [Hit(row.name, reverse("oncall:calendar", args=[row.slug]), "Schedule") for row in found]
    asked = (
        Policy.objects.visible_to(user).filter(search.contains(query.words, "name")).order_by("name")[:most]
    )
    return hits + [
        Hit(row.name, reverse("oncall:policy", args=[row.slug]), "Escalation policy") for row in asked
    ]


def pages(user: User, query: Query, most: int) -> list[Hit]:
    """Whom one could page by these words, with who is on call; the page that it leads to asks what for."""
    words = [word.lower() for word in query.words if word.lower() not in VERBS]
    if not words or not can(user, Verb.RESPOND):
        return []
    known = targets.targets(user)
    rows = [
        row
        for kind in KINDS
        for row in known.get(kind, ())
        if all(word in row.name.lower() for word in words)
    ][:most]
    here = schedules.on_call([row.id for row in rows if row.kind == "schedule"])
    people = schedules.named(list(here.values()))
    return [
        Hit(
            f"Page {row.name}",
            f"{reverse('oncall:page-somebody')}?{urlencode({'whom': f'{row.kind}:{row.id}'})}",
            " and ".join(str(people[pk]) for pk in here[row.id].users) or "nobody at this time"
            if row.kind == "schedule" and row.id in here
            else "",
        )
        for row in rows
    ]
