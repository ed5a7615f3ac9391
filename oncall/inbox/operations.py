from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.errors import Refused
from incidents.lifecycle import registry as hub
from incidents.lifecycle.registry import FollowUp
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert, Verdict
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.inbox import rules

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, tzinfo

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity


FIX_WITHIN = timedelta(days=14)


class AlreadyPart(Refused):
    """An alert belongs to one incident."""


def declare(
    alert: Alert, *, actor: User, title: str = "", severity: Severity | None = None, **chosen: Any
) -> Incident:
    """Acknowledge an alert and make it an incident that carries over what is known (R012)."""
    return escalation.declare_alert(alert, actor=actor, title=title, severity=severity, **chosen)


@transaction.atomic
def ask_to_fix(alert: Alert, *, what: str, owner: User, actor: User) -> str:
    """End an alert that is no incident and have its rule put right (R018); give the address of that work.

    A second time it is the same work. Paging stops, and the alert counts as one that needed nobody.
    """
    if alert.incident_id is not None:
        raise AlreadyPart("This alert is part of an incident. Say there that it was none.")
    escalation.resolve(alert=alert, actor=actor)
    alerts.judge_alert(alert.pk, verdict=Verdict.NOT_ACTIONABLE, actor=actor)
    wanted = FollowUp(
        key=f"alert-{alert.pk}",
        title=what.strip() or f"Fix the alert “{alert.title[:170]}”",
        about=f"the alert “{alert.title[:180]}”",
        path=reverse("oncall:alert", args=[alert.pk]),
        owner=owner,
        due_on=timezone.localdate() + FIX_WITHIN,
    )
    return hub.follow_up(wanted, actor=actor)


@transaction.atomic
def attach(alert: Alert, *, incident: Incident, actor: User) -> None:
    """Make an alert part of an incident that is open already; it is acknowledged by that."""
    if alert.incident_id not in (None, incident.pk):
        raise AlreadyPart(f"This alert is part of {alert.incident} already.")
    escalation.join_alert(alert, incident, actor=actor)


def move(ids: Collection[int], source: Incident, target: Incident, actor: User | None) -> list[int]:
    """Let alerts of one incident be alerts of another, in the caller's transaction; give those that were moved.

    A person who does that has them; without one they only go back to where they were.
    """
    mine = Alert.objects.filter(pk__in=ids, incident=source).select_related("incident").order_by("pk")
    found = list(mine)
    if actor is None:
        alerts.attach_alerts([alert.pk for alert in found], incident_id=target.pk, actor=None)
    else:
        for alert in found:
            escalation.join_alert(alert, target, actor=actor)
    return [alert.pk for alert in found]


def snooze(alert: Alert, *, span: rules.Span, zone: tzinfo, actor: User) -> datetime:
    """Ask nobody about an alert for one of the spans that its page offers; give until when."""
    at = escalations.now()
    ends = rules.ends_at(span, at=at, zone=zone)
    seconds = math.ceil((ends - at).total_seconds())
    return escalation.snooze(alert=alert, seconds=seconds, actor=actor)
