from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import BinaryField, Count, Func, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.shortcuts import get_object_or_404

from core.accounts.policy import Verb, can
from oncall.alerts.models import IngestError, Integration, Kind, Signal, Status

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import Team, User
    from oncall.alerts.models import IntegrationQuerySet

SHOWN = 20
DAY = timedelta(days=1)
PLACEHOLDER = "YOUR_KEY"
BEGINNING = 2_000


def sources(user: User) -> IntegrationQuerySet:
    """Give the sources a person may see, by name, each with its open alerts and today's ingest errors."""
    found = Integration.objects.visible_to(user).select_related("service__team", "created_by")
    errors = (
        IngestError.objects.filter(integration=OuterRef("pk"), last_at__gte=Now() - DAY)
        .order_by()
        .values("integration")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return found.annotate(
        open_alerts=Count("alerts", filter=~Q(alerts__status=Status.RESOLVED)),
        troubles=Coalesce(Subquery(errors, output_field=IntegerField()), 0),
    ).order_by("-is_active", "name", "pk")


def source(user: User, pk: int) -> Integration:
    """Give one source, or answer that there is none."""
    return get_object_or_404(sources(user), pk=pk)


def team_of(integration: Integration) -> Team | None:
    """Give the team whose managers configure a source: that of its service, if it has one."""
    return integration.service.team if integration.service else None


def may_configure(user: User, integration: Integration) -> bool:
    """Say whether a person may change a source."""
    return can(user, Verb.CONFIGURE, team_of(integration))


@dataclass(frozen=True, slots=True)
class Line:
    """A signal as people read it: how many bytes came, and what its body begins with."""

    signal: Signal
    size: int
    beginning: str


def signals(integration: Integration) -> list[Line]:
    """Give the last 20 signals of a source; of their bodies only size and beginning are read."""
    found = (
        Signal.objects.filter(integration=integration)
        .defer("body")
        .annotate(
            size=Func("body", function="octet_length", output_field=IntegerField()),
            start=Func("body", Value(1), Value(BEGINNING), function="substring", output_field=BinaryField()),
        )
        .order_by("-received_at", "-pk")[:SHOWN]
    )
    return [Line(row, row.size, bytes(row.start).decode(errors="replace").replace("\0", "")) for row in found]


def errors(integration: Integration | None) -> QuerySet[IngestError]:
    """Give the latest ingest errors of a source, or with None those that belong to none."""
    return IngestError.objects.filter(integration=integration).order_by("-last_at", "-pk")[:SHOWN]


@dataclass(frozen=True, slots=True)
class HowTo:
    """How to send to a source: its address, a command that sends a first signal, and a sender's configuration."""

    url: str
    command: str
    config: str = ""


def how_to(integration: Integration, key: str = PLACEHOLDER) -> HowTo:
    """Give the address of a source and what to paste; the key is known only when it was just made."""
    base = settings.BASE_URL
    if integration.kind == Kind.PAGERDUTY:
        event = {
            "routing_key": key,
            "event_action": "trigger",
            "dedup_key": "example",
            "payload": {"summary": "Disk is full", "source": "db-1", "severity": "critical"},
        }
        return HowTo(
            f"{base}/v2/enqueue", _curl(f"{base}/v2/enqueue", event), _PAGERDUTY.format(base=base, key=key)
        )
    url = f"{base}/integrations/v1/{integration.kind}/{key}/"
    if integration.kind == Kind.ALERTMANAGER:
        labels = {"alertname": "DiskFull", "severity": "critical", "service": "payments-api"}
        alert = {
            "status": "firing",
            "labels": labels,
            "annotations": {"summary": "Disk is full"},
            "fingerprint": "example",
        }
        return HowTo(
            url,
            _curl(url, {"version": "4", "status": "firing", "alerts": [alert]}),
            _ALERTMANAGER.format(url=url),
        )
    return HowTo(url, _curl(url, {"title": "Disk is full", "severity": "critical", "dedup_key": "example"}))


_ALERTMANAGER = """\
receivers:
  - name: watchbill
    webhook_configs:
      - url: {url}
        send_resolved: true
"""
_PAGERDUTY = """\
receivers:
  - name: watchbill
    pagerduty_configs:
      - url: {base}/v2/enqueue
        routing_key: {key}
        send_resolved: true
"""


def _curl(url: str, content: object) -> str:
    return f"curl -H 'Content-Type: application/json' -d '{json.dumps(content)}' {url}"
