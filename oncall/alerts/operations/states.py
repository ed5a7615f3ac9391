"""What people do to an alert. Each write happens once: who comes second is told False."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from core import live
from core.errors import Refused
from core.events import bus
from oncall.alerts.models import Alert, Status, Verdict
from oncall.events import AlertAcknowledged, AlertAttached, AlertJudged, AlertResolved, AlertUnacknowledged

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from core.accounts.models import User


def acknowledge_alert(alert_id: int, *, actor: User | None) -> bool:
    """Let somebody take a triggered alert; False when it was taken or ended by another."""
    with transaction.atomic():
        alert = _locked(alert_id)
        if alert.status != Status.TRIGGERED:
            return False
        _write(alert, status=Status.ACKNOWLEDGED, acknowledged_at=Now(), acknowledged_by=actor)
        seconds = int(alert.age.total_seconds())  # type: ignore[attr-defined]
        person = None if actor is None else actor.pk
        bus.emit(AlertAcknowledged(alert.pk, alert.incident_id, person, seconds), actor=actor)
    return True


def unacknowledge_alert(alert_id: int, *, actor: User | None) -> bool:
    """Give an acknowledged alert back; False when nobody had it."""
    with transaction.atomic():
        alert = _locked(alert_id)
        if alert.status != Status.ACKNOWLEDGED:
            return False
        _write(alert, status=Status.TRIGGERED, acknowledged_at=None, acknowledged_by=None, snoozed_until=None)
        bus.emit(AlertUnacknowledged(alert.pk, alert.incident_id), actor=actor)
    return True


def resolve_alert(alert_id: int, *, actor: User | None) -> bool:
    """End an alert by a person's word; False when it has ended already."""
    with transaction.atomic():
        alert = _locked(alert_id)
        if alert.status == Status.RESOLVED:
            return False
        _write(alert, status=Status.RESOLVED, resolved_at=Now(), resolved_by=actor, snoozed_until=None)
        bus.emit(AlertResolved(alert.pk, alert.incident_id, by_source=False), actor=actor)
    return True


def snooze_alert(alert_id: int, *, until: datetime | None) -> bool:
    """Note until when nobody wants to hear of an alert, None for no longer; False when it has ended."""
    with transaction.atomic():
        alert = _locked(alert_id)
        if alert.status == Status.RESOLVED:
            return False
        _write(alert, snoozed_until=until)
    return True


def ask_after_all(alert_id: int) -> None:
    """Forget why nobody was asked about an alert: somebody is asked now."""
    with transaction.atomic():
        _write(_locked(alert_id), not_paged="")


class NotOver(Refused):
    def __init__(self) -> None:
        super().__init__(
            "The alert is not over yet. Resolve it, then say whether it was worth waking somebody."
        )


def judge_alert(alert_id: int, *, verdict: Verdict, actor: User) -> None:
    """Note whether an alert that is over was worth waking somebody; the last word counts."""
    with transaction.atomic():
        alert = _locked(alert_id)
        if alert.status != Status.RESOLVED:
            raise NotOver
        if alert.verdict == verdict:
            return
        _write(alert, verdict=verdict, judged_at=Now(), judged_by=actor)
        bus.emit(AlertJudged(alert.pk, alert.service_id, str(verdict)), actor=actor)


def attach_alerts(alert_ids: Collection[int], *, incident_id: int, actor: User | None) -> list[int]:
    """Make alerts part of an incident; gives those that were not part of it before."""
    with transaction.atomic():
        chosen = Alert.objects.filter(pk__in=alert_ids).exclude(incident_id=incident_id)
        taken = list(chosen.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
        Alert.objects.filter(pk__in=taken).update(incident_id=incident_id)
        if taken:
            bus.emit_all([AlertAttached(pk, incident_id) for pk in taken], actor=actor)
            live.changed("alerts", f"incident-{incident_id}", *(f"alert-{pk}" for pk in taken))
    return taken


def _locked(alert_id: int) -> Alert:
    age = ExpressionWrapper(Now() - F("first_at"), output_field=DurationField())
    return Alert.objects.select_for_update(of=("self",)).annotate(age=age).get(pk=alert_id)


def _write(alert: Alert, **columns: Any) -> None:
    Alert.objects.filter(pk=alert.pk).update(**columns)
    live.changed("alerts", f"alert-{alert.pk}")
