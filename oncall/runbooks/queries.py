"""Alerts that woke somebody who had no runbook to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, Max, OuterRef, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Now

from incidents.catalog.models import LinkKind, ServiceLink
from incidents.runbooks import rules
from incidents.runbooks.models import Runbook
from oncall.alerts.models import Alert
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User

DAYS = 30
MOST = 200


@dataclass(frozen=True, slots=True)
class Missing:
    """What a source calls an alert, how often it paged without a runbook, and when and where it did so last."""

    integration_id: int | None
    source: str
    service: str | None
    name: str
    alerts: int
    last_at: datetime
    alert_id: int


def missing(user: User) -> list[Missing]:
    """Give what paged in the last 30 days without a runbook: none of its own, of its service, or written for it by name.

    Alerts of a source count as the same by their `alertname`, where there is none by their title.
    """
    paged = Page.objects.filter(escalation__alert=OuterRef("pk"), user__isnull=False)
    known = ServiceLink.objects.filter(service=OuterRef("service"), kind=LinkKind.RUNBOOK)
    since = Now() - Value(timedelta(days=DAYS))
    alerts = Alert.objects.visible_to(user).filter(Exists(paged), first_at__gte=since, is_test=False)
    written = Runbook.objects.active().filter(services=OuterRef("service"))
    without = alerts.exclude(links__contains=[{"kind": "runbook"}]).exclude(Exists(known) | Exists(written))
    named = without.annotate(
        name=Coalesce(KeyTextTransform("alertname", "labels"), "title", output_field=TextField())
    )
    rows = named.order_by().values_list("integration", "integration__name", "service__slug", "name")
    counted = rows.annotate(alerts=Count("pk"), last=Max("first_at"), latest=Max("pk"))
    found = [
        Missing(integration, source or "By hand", *rest)
        for integration, source, *rest in counted.order_by("-last", "-latest")[:MOST]
    ]
    latest = Alert.objects.only("title", "labels").in_bulk([line.alert_id for line in found])
    named_for = list(Runbook.objects.active().exclude(alerts=[]).values_list("alerts", flat=True))
    return [line for line in found if not _is_written(latest[line.alert_id], named_for)]


def _is_written(alert: Alert, named_for: Sequence[Sequence[rules.Matcher]]) -> bool:
    labels = alert.labels if isinstance(alert.labels, dict) else {}
    return any(rules.matches(wanted, title=alert.title, labels=labels) for wanted in named_for)
