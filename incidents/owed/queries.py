from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min
from django.shortcuts import get_object_or_404

from incidents.audiences import queries as audiences
from incidents.lifecycle.models import EntryKind, Outcome, TimelineEntry
from incidents.owed.models import OwedRule, OwedWord
from incidents.owed.rules import Facts, Kind, Rule
from incidents.severities.models import Severity
from incidents.updates import queries as updates
from incidents.updates.models import Told
from incidents.updates.registry import public_outlet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.owed.models import OwedQuerySet

    Person = User | AnonymousUser

OVER = {
    Outcome.FALSE_ALARM: "it was a false alarm",
    Outcome.DUPLICATE: "it is told in another incident",
    Outcome.ACCEPTED_RISK: "nobody had to do anything",
}


def configured() -> QuerySet[OwedRule]:
    """Give every rule."""
    return OwedRule.objects.select_related("for_list")


def of(user: Person, incident: Incident) -> OwedQuerySet:
    """Give what is or was owed in an incident, the next first."""
    found = OwedWord.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "ended_by").order_by("due_at", "pk")


def one(user: Person, incident: Incident, pk: int) -> OwedWord:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


def in_force() -> dict[Kind, dict[int, OwedRule]]:
    """Give the rules in force by what they ask for and the rank that asks."""
    found: dict[Kind, dict[int, OwedRule]] = {kind: {} for kind in Kind}
    for row in configured().filter(is_active=True):
        found[Kind(row.kind)][row.rank] = row
    return found


def rule(row: OwedRule) -> Rule:
    """Give a rule as the rules know it."""
    return Rule(
        timedelta(seconds=row.within_seconds),
        timedelta(seconds=row.soon_seconds) if row.soon_seconds else None,
        timedelta(seconds=row.again_seconds) if row.again_seconds else None,
    )


def facts(incident: Incident, asked: Mapping[Kind, OwedRule]) -> Facts:
    """Give what counts of an incident; `asked` is what its level asks for."""
    return Facts(
        levels=_levels(incident),
        stays_inside=incident.private or incident.drill,
        resolved_at=incident.resolved_at,
        over=OVER.get(Outcome(incident.outcome), "") if incident.outcome else "",
        reached=[kind for kind, row in asked.items() if _reaches(incident, kind, row)],
    )


def _levels(incident: Incident) -> list[tuple[datetime, int]]:
    """Give which rank the incident had since when: each change of it stands on the timeline."""
    ranks = dict(Severity.objects.values_list("slug", "rank"))
    entries = TimelineEntry.objects.filter(incident=incident, kind=EntryKind.SEVERITY).order_by("at", "pk")
    changes = [
        (at, data["old"], data["new"]) for at, data in entries.values_list("at", "data") if "new" in data
    ]
    first = changes[0][1] if changes else incident.severity.slug
    found = [(incident.declared_at, ranks.get(first, 0))]
    found += [(at, ranks.get(new, 0)) for at, _, new in changes]
    return [*found[:-1], (found[-1][0], incident.severity.rank)]


def _reaches(incident: Incident, kind: Kind, row: OwedRule) -> bool:
    if kind is Kind.PUBLIC:
        outlet = public_outlet()
        return outlet is not None and outlet.has_parts()
    return row.for_list is not None and audiences.has_somebody(incident, row.for_list)


def done_at(incident: Incident, kind: Kind, row: OwedRule, *, since: datetime) -> datetime | None:
    """Give when it was said first; None while it was not. Being published counts, by an update or on a page."""
    if kind is Kind.PUBLIC:
        outlet = public_outlet()
        return outlet.first_shown(incident) if outlet is not None else None
    if row.for_list is None:
        return None
    told = Told.objects.filter(
        update__incident=incident, update__audience=row.for_list.hears, lists__contains=[row.for_list.name]
    )
    if kind is Kind.ACCOUNT:
        told = told.filter(update__is_account=True, update__published_at__gte=since)
    first: datetime | None = told.aggregate(first=Min("update__published_at"))["first"]
    return first


def listeners(incident: Incident) -> list[User]:
    """Give who is reminded: communications, else who commands, else whoever takes part."""
    found = updates.debtors(incident, overdue=False)
    if not found:
        part = incident.participants.filter(user__is_active=True).select_related("user")
        found = [row.user for row in part.order_by("joined_at", "pk")]
    return found


def still_open(incident: Incident) -> list[OwedWord]:
    """Give what is still to be said, the next first."""
    return list(OwedWord.objects.open().filter(incident=incident).order_by("due_at", "pk"))
