"""What on-call did, on the timeline of the incident it was for. Each line is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from incidents.command import operations as command
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, TimelineEntry
from oncall.alerts.models import Alert
from oncall.escalation import queries
from oncall.escalation.models import Escalation
from oncall.escalation.rules.acks import acks_said
from oncall.paging import queries as paging
from oncall.paging.models import Page

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


@transaction.atomic
def tell_sent(page_id: int, *, joins: bool = True) -> None:
    """Note that somebody was paged, and make them part of the incident: from now on they see it, private or not."""
    page = paging.page(page_id)
    incident = _incident(page.escalation) if page else None
    if page is None or page.user is None or page.sent_at is None or incident is None:
        return
    if joins:
        lifecycle.join(incident, user=page.user)
    if page.escalation is not None and page.escalation.by_hand:
        command.note_page_sent(page.escalation.pk, at=page.sent_at)
    channel = paging.sent_by(page)
    by = f" by {channel.lower()}" if channel else ""
    _write_once(
        incident, EntryKind.PAGE, f"{page.user} was paged{by}. {page.why}", {"page": page.pk}, at=page.sent_at
    )


@transaction.atomic
def tell_failed(page_id: int, *, reason: str) -> None:
    """Note that somebody, or nobody, could be reached."""
    page = paging.page(page_id)
    incident = _incident(page.escalation) if page else None
    if page is None or incident is None:
        return
    whom = f"The page to {page.user} did not arrive" if page.user else "Nobody was paged"
    whom = f"The channel {page.destination} was not told" if page.destination else whom
    said = f"{whom}. {reason}"
    _write_once(incident, EntryKind.PAGE, said, {"page_failed": page.pk})


@transaction.atomic
def tell_declined(page_id: int) -> None:
    """Note that somebody does not come, and why."""
    page = paging.page(page_id)
    incident = _incident(page.escalation) if page else None
    if page is None or page.user is None or incident is None:
        return
    said = f"{page.user} declined: {page.answer}"
    _write_once(incident, EntryKind.PAGE, said, {"page_declined": page.pk}, at=page.ended_at)


@transaction.atomic
def tell_answered(page_id: int, *, by: User | None, epoch: int, said: str) -> None:
    """Note that somebody took or passed on, in a channel, what it was told."""
    page = paging.page(page_id)
    incident = _incident(page.escalation) if page else None
    if page is None or incident is None or by is None:
        return
    data = {"answered_in_channel": page.pk, "epoch": epoch, "user": by.pk}
    _write_once(incident, EntryKind.PAGE, said, data, actor=by)


@transaction.atomic
def tell_counted(escalation_id: int, *, by: User | None, count: int, needed: int) -> None:
    """Note that somebody acknowledged what needs several."""
    escalation = Escalation.objects.select_related(*queries.RELATED).filter(pk=escalation_id).first()
    incident = _incident(escalation)
    if escalation is None or incident is None or by is None:
        return
    lifecycle.join(incident, user=by)
    said = f"{by} acknowledged: {acks_said(count, needed)}"
    data = {"counted": escalation.pk, "epoch": escalation.epoch, "user": by.pk}
    _write_once(incident, EntryKind.PAGE, said, data, actor=by)


@transaction.atomic
def tell_exhausted(escalation_id: int) -> None:
    """Note that everybody was asked and nobody answered."""
    escalation = Escalation.objects.select_related(*queries.RELATED).filter(pk=escalation_id).first()
    incident = _incident(escalation)
    if escalation is None or incident is None:
        return
    who = f"Only {escalation.acks_said.split(',')[0]}" if escalation.acks else "Nobody answered"
    said = f"{who}: {escalation.plan.get('name') or 'the plan'} asked everybody, and the admins were told"
    _write_once(incident, EntryKind.PAGE, said, {"exhausted": escalation.pk, "epoch": escalation.epoch})


@transaction.atomic
def tell_ended(alert_id: int, *, by: User | None) -> None:
    """Note that a person ended an alert of an incident."""
    alert = Alert.objects.select_related("incident").filter(pk=alert_id).first()
    if alert is None or alert.incident is None:
        return
    said = f"Alert resolved{f' by {by}' if by else ''}: {alert.title}"
    _write_once(alert.incident, EntryKind.ALERT, said, {"alert_resolved": alert.pk}, actor=by)


@transaction.atomic
def carry_over(alert_id: int) -> None:
    """Put onto the timeline of an alert's incident who was paged about it and who took it, at their own times.

    A private incident that an alert comes to later is no matter of those who were paged about the alert before.
    """
    alert = Alert.objects.select_related("incident", "acknowledged_by").filter(pk=alert_id).first()
    if alert is None or alert.incident is None:
        return
    sent = Page.objects.filter(escalation__alert=alert, sent_at__isnull=False, user__isnull=False)
    for page_id in sent.order_by("sent_at", "pk").values_list("pk", flat=True):
        tell_sent(page_id, joins=not alert.incident.private)
    answered = Page.objects.filter(escalation__alert=alert, destination__isnull=False).exclude(answer="")
    for page in answered.order_by("pk"):
        data = {"answered_in_channel": page.pk}
        _write_once(alert.incident, EntryKind.PAGE, page.answer, data, at=page.ended_at)
    if alert.acknowledged_at is not None and alert.acknowledged_by is not None:
        said = f"{alert.acknowledged_by} took the alert: {alert.title}"
        data = {"alert_acknowledged": alert.pk}
        by, at = alert.acknowledged_by, alert.acknowledged_at
        _write_once(alert.incident, EntryKind.ACKNOWLEDGED, said, data, actor=by, at=at)


def _incident(escalation: Escalation | None) -> Incident | None:
    return queries.incident_of(escalation) if escalation else None


def _write_once(
    incident: Incident,
    kind: EntryKind,
    text: str,
    data: dict[str, Any],
    *,
    actor: User | None = None,
    at: datetime | None = None,
) -> None:
    if not TimelineEntry.objects.filter(incident=incident, data__contains=data).exists():
        lifecycle.add_entry(incident, kind=kind, text=text, actor=actor, at=at, data=data)
