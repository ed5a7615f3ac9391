from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.errors import Refused
from incidents.catalog.models import Service
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, Trigger
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert
from oncall.escalation import operations as escalation

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.severities.models import Severity


class AlreadyPart(Refused):
    """An alert belongs to one incident."""


@transaction.atomic
def declare(alert: Alert, *, actor: User, title: str = "", severity: Severity | None = None) -> Incident:
    """Acknowledge an alert and make it an incident that carries over what is known (R012).

    The same alert again gives the incident that it is part of.
    """
    alert = (
        Alert.objects.select_for_update(of=("self",)).select_related("incident", "service").get(pk=alert.pk)
    )
    if alert.incident is not None:
        return alert.incident
    incident = lifecycle.declare(
        title=(title.strip() or alert.title)[:200],
        actor=actor,
        severity=severity,
        services=Service.objects.filter(pk=alert.service_id) if alert.service_id else (),
        trigger=Trigger.ALERT,
        started_at=alert.started_at or alert.first_at,
        detected_at=alert.first_at,
        acknowledged_at=alert.acknowledged_at,
        summary=alert.description,
    )
    _join(alert, incident, actor)
    return incident


@transaction.atomic
def attach(alert: Alert, *, incident: Incident, actor: User) -> None:
    """Make an alert part of an incident that is open already; it is acknowledged by that."""
    if alert.incident_id not in (None, incident.pk):
        raise AlreadyPart(f"This alert is part of {alert.incident} already.")
    _join(alert, incident, actor)


def _join(alert: Alert, incident: Incident, actor: User) -> None:
    if alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=actor):
        lifecycle.add_entry(
            incident,
            kind=EntryKind.ALERT,
            text=f"Alert: {alert.title}",
            at=alert.first_at,
            data={"alert": alert.pk},
        )
    alert.incident = incident
    if alert.status != "resolved":
        escalation.acknowledge(alert=alert, actor=actor)
