from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from incidents.changes import rules
from incidents.changes.models import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.catalog.models import Service

CHUNK = 50


def changes(user: User | AnonymousUser) -> QuerySet[Change]:
    """Give what was changed in production, latest first."""
    return Change.objects.visible_to(user).select_related("service").order_by("-at", "-id")


def of_service(user: User, service: Service, most: int) -> list[Change]:
    """Give the latest changes of a service."""
    return list(changes(user).filter(service=service)[:most])


@dataclass(frozen=True, slots=True)
class Before:
    """A change, how long before something broke it was made, and whether to take it back first."""

    change: Change
    before: timedelta
    suspect: bool


def before(
    service_ids: Sequence[int] | QuerySet[Any, Any], *, begun: datetime, most: int = 10
) -> list[Before]:
    """Give what was changed on these services in the configured hours before it broke, the closest first (R021)."""
    look_back = timedelta(hours=settings.CHANGES_LOOK_BACK_HOURS)
    within = timedelta(minutes=settings.CHANGES_ROLLBACK_MINUTES)
    found = Change.objects.filter(service__in=service_ids, at__lte=begun, at__gt=begun - look_back)
    return [
        Before(row, begun - row.at, rules.suspect(row.kind, at=row.at, begun=begun, within=within))
        for row in found.select_related("service").order_by("-at", "-pk")[:most]
    ]


@dataclass(frozen=True, slots=True)
class Listed:
    """A stretch of the changes, with what it was narrowed to."""

    rows: Sequence[Change]
    has_more: bool
    service: str
    kind: str
    page: int


def listed(user: User, *, service: str = "", kind: str = "", page: int = 1) -> Listed:
    """Give the changes of a service by its slug, or of all, latest first."""
    found = changes(user)
    if service:
        found = found.filter(service__slug=service)
    if kind in ChangeKind.values:
        found = found.filter(kind=kind)
    rows = list(found[(page - 1) * CHUNK : page * CHUNK + 1])
    return Listed(rows[:CHUNK], len(rows) > CHUNK, service, kind, page)
