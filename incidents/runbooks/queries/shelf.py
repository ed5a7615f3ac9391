from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q
from django.db.models.functions import Now
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import Team
from core.accounts.policy import Verb, can, managed_teams
from incidents.catalog.models import LinkKind, Service, ServiceLink
from incidents.catalog.registry import Written
from incidents.lifecycle.models import Incident
from incidents.runbooks import rules
from incidents.runbooks.models import Runbook, RunbookVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.runbooks.models import RunbookQuerySet


def stale_after() -> timedelta:
    """For how long a runbook counts that nobody tests or checks."""
    return timedelta(days=int(settings.RUNBOOK_STALE_DAYS))


def is_stale(runbook: Runbook) -> bool:
    """Say whether nobody has tested or checked it for too long."""
    return timezone.now() - runbook.seen_at > stale_after()


def seen(user: User) -> RunbookQuerySet:
    """Give the runbooks a person may know of, with what a list shows of them."""
    return Runbook.objects.visible_to(user).select_related("team", "owner", "severity", "updated_by")


def get(user: User, slug: str) -> Runbook:
    """Give one runbook, a retired one too."""
    found = seen(user).select_related("tested_by", "checked_by").filter(slug=slug).first()
    if found is None:
        raise Http404("There is no such runbook.")
    return found


def may_write(user: User, *, team: Team, owner: User | None = None) -> bool:
    """Say whether a person writes the runbooks of a team: its members who respond, its managers, the owner."""
    if can(user, Verb.CONFIGURE, team):
        return True
    return can(user, Verb.RESPOND) and (user == owner or team.memberships.filter(user=user).exists())


def writable_teams(user: User) -> list[Team]:
    """Give the teams for which a person may write runbooks."""
    if not can(user, Verb.RESPOND):
        return []
    own = Q(memberships__user=user) | Q(pk__in=managed_teams(user))
    return list(Team.objects.filter(own).distinct().order_by("name"))


def versions(user: User, runbook: Runbook) -> QuerySet[RunbookVersion]:
    """Give what was saved of a runbook, the latest first."""
    found = RunbookVersion.objects.filter(runbook__in=Runbook.objects.visible_to(user), runbook=runbook)
    return found.select_related("by").order_by("-number")


def version(user: User, runbook: Runbook, number: int) -> RunbookVersion:
    """Give one of them."""
    found = versions(user, runbook).filter(number=number).first()
    if found is None:
        raise Http404("There is no such version.")
    return found


def head(runbook: Runbook, services: Iterable[Service], *, dated: bool = False) -> rules.Head:
    """Give the facts of a runbook as its document says them; its dates are in exports, not in versions."""
    tested = runbook.tested_at
    return rules.Head(
        name=runbook.name,
        severity=runbook.severity.label if runbook.severity else "",
        services=sorted(service.slug for service in services),
        alerts=runbook.alerts,
        team=runbook.team.slug,
        owner=runbook.owner.email if runbook.owner else "",
        updated_on=runbook.updated_at.date() if dated else None,
        tested_on=tested.date() if dated and tested else None,
    )


def document(runbook: Runbook, *, dated: bool = True) -> str:
    """Give a runbook as one Markdown document."""
    return rules.write_document(head(runbook, runbook.services.all(), dated=dated), runbook.text)


@dataclass(frozen=True, slots=True)
class Row:
    """A runbook in a list."""

    runbook: Runbook
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """The runbooks of one service; those of none come last."""

    service: Service | None
    rows: Sequence[Row]


RECURRING_DAYS = 90
MOST = 100
SHOWN = ("all", "stale", "mine", "missing", "retired")


def chosen(user: User, *, which: str = "all", search: str = "") -> RunbookQuerySet:
    """Give the runbooks that a list shows."""
    found = seen(user)
    found = found.filter(is_active=False) if which == "retired" else found.active()
    if which == "stale":
        found = found.stale(stale_after())
    if which == "mine":
        found = found.of_owner(user)
    for word in search.split()[:5]:
        found = found.filter(Q(name__icontains=word) | Q(text__icontains=word))
    return found


def shelves(user: User, *, which: str = "all", search: str = "") -> list[Shelf]:
    """Give the list by service, in a bounded number of queries."""
    rows = list(chosen(user, which=which, search=search).order_by("name", "pk").prefetch_related("services"))
    known = {service.pk: service for row in rows for service in row.services.all()}
    ordered = sorted(known.values(), key=lambda service: (service.tier, service.name))
    by_service = [
        Shelf(service, [Row(row, is_stale(row)) for row in rows if service in row.services.all()])
        for service in ordered
    ]
    loose = [Row(row, is_stale(row)) for row in rows if not row.services.all()]
    return [*by_service, *([Shelf(None, loose)] if loose else [])]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many runbooks there are, how many are stale, and what share of their steps does itself."""

    all: int
    stale: int
    mine: int
    my_stale: int
    steps: int
    automated: int

    @property
    def share(self) -> int:
        """The automated steps in per cent."""
        return round(100 * self.automated / self.steps) if self.steps else 0


def counts(user: User) -> Counts:
    """Count what a person may see, in two queries."""
    rows = list(Runbook.objects.visible_to(user).active().only(*_COUNTED))
    teams = set(user.memberships.values_list("team_id", flat=True))
    mine = [row for row in rows if row.owner_id == user.pk or (row.owner_id is None and row.team_id in teams)]
    return Counts(
        all=len(rows),
        stale=sum(is_stale(row) for row in rows),
        mine=len(mine),
        my_stale=sum(is_stale(row) for row in mine),
        steps=sum(row.steps for row in rows),
        automated=sum(row.automated_steps for row in rows),
    )


_COUNTED = ("pk", "owner_id", "team_id", "steps", "automated_steps", "tested_at", "checked_at", "created_at")


def mine_stale(user: User) -> RunbookQuerySet:
    """Give the stale runbooks that a person answers for."""
    return Runbook.objects.visible_to(user).active().of_owner(user).stale(stale_after())


def of_service(user: User, service: Service) -> list[Row]:
    """Give the runbooks of a service."""
    found = seen(user).active().filter(services=service).order_by("name", "pk")
    return [Row(row, is_stale(row)) for row in found]


def for_services(user: User, service_ids: Iterable[int]) -> Mapping[int, list[Runbook]]:
    """Give the runbooks of these services, by service."""
    found: dict[int, list[Runbook]] = {}
    wanted = Prefetch("services", Service.objects.filter(pk__in=list(service_ids)))
    rows = Runbook.objects.visible_to(user).active().filter(services__in=list(service_ids)).distinct()
    for row in rows.order_by("name", "pk").prefetch_related(wanted):
        for service in row.services.all():
            found.setdefault(service.pk, []).append(row)
    return found


def links(user: User, service_ids: Sequence[int]) -> dict[int, list[Written]]:
    """Give the runbooks of these services as the catalog shows them."""
    return {
        service: [Written(row.name, reverse("incidents:runbook", args=[row.slug])) for row in rows]
        for service, rows in for_services(user, service_ids).items()
    }


def for_alert(
    user: User, *, title: str, labels: Mapping[str, object], service_id: int | None = None
) -> list[Runbook]:
    """Give the runbooks that are for an alert of this title and these labels, then those of its service."""
    seen_ = Runbook.objects.visible_to(user).active()
    mine = Q(services=service_id) if service_id else Q(pk__in=[])
    found = list(seen_.filter(mine | ~Q(alerts=[])).distinct().order_by("name", "pk"))
    known = labels if isinstance(labels, dict) else {}
    by_name = [row for row in found if rules.matches(row.alerts, title=title, labels=known)]
    own = set(seen_.filter(mine).values_list("pk", flat=True))
    return [*by_name, *(row for row in found if row.pk in own and row not in by_name)]


@dataclass(frozen=True, slots=True)
class Recurring:
    """A service that has incidents again and again, and nothing that says what to do."""

    service: Service
    incidents: int
    last_at: datetime


def recurring(user: User) -> list[Recurring]:
    """Give the services with more than one incident in the last days and without a runbook, the worst first (R194).

    Only incidents that a person may see are counted; practice and false alarms are not.
    """
    since = Now() - timedelta(days=RECURRING_DAYS)
    own = Runbook.objects.active().filter(services=OuterRef("pk"))
    linked = ServiceLink.objects.filter(service=OuterRef("pk"), kind=LinkKind.RUNBOOK)
    counted = Incident.objects.visible_to(user).counted().filter(declared_at__gte=since)
    bare = Service.objects.visible_to(user).active().exclude(Exists(own)).exclude(Exists(linked))
    found = bare.filter(incidents__in=counted).annotate(
        times=Count("incidents", distinct=True), last=Max("incidents__declared_at")
    )
    rows: Iterable[Any] = found.filter(times__gt=1).order_by("-times", "-last", "pk")[:MOST]
    return [Recurring(row, row.times, row.last) for row in rows]
