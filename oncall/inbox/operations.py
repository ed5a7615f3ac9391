from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.errors import Refused
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.inbox import rules

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity
    from oncall.alerts.models import Alert


class AlreadyPart(Refused):
    """An alert belongs to one incident."""


def declare(
    alert: Alert, *, actor: User, title: str = "", severity: Severity | None = None, **chosen: Any
) -> Incident:
    """Acknowledge an alert and make it an incident that carries over what is known (R012)."""
    return escalation.declare_alert(alert, actor=actor, title=title, severity=severity, **chosen)


@transaction.atomic
def attach(alert: Alert, *, incident: Incident, actor: User) -> None:
    """Make an alert part of an incident that is open already; it is acknowledged by that."""
    if alert.incident_id not in (None, incident.pk):
        raise AlreadyPart(f"This alert is part of {alert.incident} already.")
    escalation.join_alert(alert, incident, actor=actor)


def snooze(alert: Alert, *, span: rules.Span, zone: tzinfo, actor: User) -> datetime:
    """Ask nobody about an alert for one of the spans that its page offers; give until when."""
    at = escalations.now()
    ends = rules.ends_at(span, at=at, zone=zone)
    seconds = math.ceil((ends - at).total_seconds())
    return escalation.snooze(alert=alert, seconds=seconds, actor=actor)
