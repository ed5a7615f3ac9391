"""Take an alert or an incident, give it back, end it: who has it, and that nobody else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q

from core.steady import steadily
from incidents.lifecycle import operations as incidents
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert
from oncall.alerts.models import Status as AlertStatus
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.counting import count_ack, take_back
from oncall.escalation.operations.editing import edit_test
from oncall.escalation.operations.rooms import note_in_room
from oncall.escalation.operations.rows import OPEN, halt, resume
from oncall.escalation.rules.acks import acks_said
from oncall.paging import operations as paging

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from oncall.paging.models import Page


@dataclass(frozen=True, slots=True)
class Held:
    """Who has it and since when; `first` when this very call made it so.

    While others have to acknowledge too, `said` says how many: then nobody has it yet. What `is_over` has ended, by
    whoever did it.
    """

    first: bool
    by: User | None
    at: datetime | None
    said: str = ""
    is_over: bool = False


@steadily
def acknowledge(
    *, actor: User, alert: Alert | None = None, incident: Incident | None = None, page: Page | None = None
) -> Held:
    """Take an alert, an incident, or what a page is about; nobody else is asked from this commit on.

    Who comes second changes nothing and is told who has it. Where several people must acknowledge, the others are
    asked on until they are enough. A page by hand is answered by its person alone: it stops only itself, and makes
    them part of its incident.
    """
    if page is not None:
        held = _answer(page, actor)
        if held.first:
            note_in_room(page, "Acknowledged", by=actor)
        return held
    if alert is not None:
        return _take_alert(alert, actor)
    if incident is not None:
        return _take_incident(incident, actor)
    raise ValueError("acknowledge what?")


def _answer(page: Page, actor: User) -> Held:
    escalation = page.escalation
    if escalation is None:
        first = paging.acknowledge_test(page)
        if first:
            edit_test(page)
        return Held(first, page.user, page.acknowledged_at)
    if escalation.by_hand or (escalation.alert is None and escalation.incident is None):
        return _answer_by_hand(escalation, actor)
    if escalation.alert is not None:
        return _take_alert(escalation.alert, actor)
    assert escalation.incident is not None  # noqa: S101 - one of the two, as said above
    return _take_incident(escalation.incident, actor)


def _answer_by_hand(escalation: Escalation, actor: User) -> Held:
    incident = queries.incident_of(escalation)
    if incident is not None:
        incidents.join(incident, user=actor)
    if said := _lacking(Q(pk=escalation.pk), actor):
        return said
    first = bool(halt(Q(pk=escalation.pk), EscalationStatus.ACKNOWLEDGED, by=actor, among=OPEN))
    escalation.refresh_from_db()
    return Held(first, escalation.acknowledged_by, escalation.acknowledged_at)


def _take_alert(alert: Alert, actor: User) -> Held:
    alert = Alert.objects.select_related("incident").get(pk=alert.pk)
    if alert.incident is not None and alert.incident.is_active:
        incidents.acknowledge(alert.incident, actor=actor)
    if said := _lacking(Q(alert=alert, by_hand=False), actor):
        return said
    first = alerts.acknowledge_alert(alert.pk, actor=actor)
    alert = Alert.objects.select_related("acknowledged_by", "resolved_by").get(pk=alert.pk)
    if alert.status == AlertStatus.RESOLVED:
        return Held(first, alert.resolved_by, alert.resolved_at, is_over=True)
    if alert.snoozed_until is not None:
        alerts.snooze_alert(alert.pk, until=None)
    halt(Q(alert=alert, by_hand=False), EscalationStatus.ACKNOWLEDGED, by=actor, among=OPEN)
    return Held(first, alert.acknowledged_by, alert.acknowledged_at)


def _take_incident(incident: Incident, actor: User) -> Held:
    incident = incidents.acknowledge(incident, actor=actor)
    taken = stop_incident(incident.pk, to=EscalationStatus.ACKNOWLEDGED, by=actor)
    latest = queries.current(incident=incident)
    if latest is not None and latest.status in OPEN and latest.acks:
        return Held(first=bool(taken), by=actor, at=queries.now(), said=latest.acks_said)
    if latest is None or latest.acknowledged_at is None:
        return Held(bool(taken), actor, incident.acknowledged_at, is_over=not incident.is_active)
    by, at = latest.acknowledged_by, latest.acknowledged_at
    return Held(bool(taken), by, at, is_over=not incident.is_active)


def _lacking(about: Q, actor: User) -> Held | None:
    counted = count_ack(about, by=actor)
    if counted.is_enough:
        return None
    said = acks_said(counted.count, counted.needed)
    return Held(counted.first, actor, queries.now(), said)


@steadily
def unacknowledge(
    *,
    actor: User | None,
    alert: Alert | None = None,
    incident: Incident | None = None,
    page: Page | None = None,
) -> bool:
    """Give it back: whoever was asked is asked on, and escalation goes on; False when nobody had it.

    While the level last asked still has time, it goes on as if it had not stopped, else from the top. Where several
    people acknowledged, only `actor`'s word is taken back; everybody's, when they are none of them.
    """
    escalation = page.escalation if page is not None else None
    if escalation is not None and (escalation.by_hand or not (escalation.alert_id or escalation.incident_id)):
        about = Q(pk=escalation.pk)
        return take_back(about, by=actor) or bool(resume(about, EscalationStatus.ACKNOWLEDGED, by=actor))
    alert = alert or (escalation.alert if escalation else None)
    incident = incident or (escalation.incident if escalation else None)
    if alert is not None:
        return _give_alert_back(alert, actor)
    if incident is None:
        return False
    about = Q(incident=incident, by_hand=False)
    return take_back(about, by=actor) or bool(resume(about, EscalationStatus.ACKNOWLEDGED, by=actor))


def _give_alert_back(alert: Alert, actor: User | None) -> bool:
    about = Q(alert=alert, by_hand=False)
    if not alerts.unacknowledge_alert(alert.pk, actor=actor):
        return take_back(about, by=actor)
    if not resume(about, EscalationStatus.ACKNOWLEDGED, by=actor):
        resume(about, EscalationStatus.SNOOZED)
    return True


@steadily
def resolve(*, alert: Alert, actor: User | None) -> bool:
    """End an alert by a person's word and everything that asks about it; False when it had ended."""
    first = alerts.resolve_alert(alert.pk, actor=actor)
    end_many([alert.pk], resolved=True, by=actor)
    return first


@steadily
def end_many(alert_ids: Collection[int], *, resolved: bool, by: User | None = None) -> int:
    """Stop asking about alerts that were ended (`resolved`) or taken; give how many escalations stopped.

    A page by hand goes on when its alert is only taken.
    """
    about = Q(alert__in=list(alert_ids))
    if resolved:
        return len(halt(about, EscalationStatus.CLOSED, by=by, among=(*OPEN, EscalationStatus.ACKNOWLEDGED)))
    return len(halt(about & Q(by_hand=False), EscalationStatus.ACKNOWLEDGED, by=by, among=OPEN))


@steadily
def stop_by_hand(escalation_id: int, *, to: EscalationStatus, by: User | None = None) -> bool:
    """Ask somebody no more who was paged by hand: they did what was asked, or it is asked of somebody else."""
    return bool(halt(Q(pk=escalation_id, by_hand=True), to, by=by, among=OPEN))


@steadily
def stop_incident(
    incident_id: int, *, to: EscalationStatus, by: User | None = None, before: datetime | None = None
) -> int:
    """Stop asking about an incident and its alerts because somebody took or ended it; give how many stopped.

    Whoever does that takes its triggered alerts too. Pages by hand go on while it is only taken. With `before`,
    what was started after that goes on: it was wanted although somebody had the incident.
    """
    closing = to == EscalationStatus.CLOSED
    since = Q() if before is None else Q(started_at__lte=before)
    mine = list(Alert.objects.filter(incident=incident_id).order_by("pk").values_list("pk", flat=True))
    subjects = [Q(incident=incident_id), *(Q(alert=pk) for pk in mine)]
    lacking = [] if closing else _lacking_of(subjects, since, by)
    for pk in mine:
        if Q(alert=pk) not in lacking:
            alerts.acknowledge_alert(pk, actor=by)
    about = since & (Q(incident=incident_id) | Q(alert__in=mine))
    for subject in lacking:
        about &= ~subject
    among = (*OPEN, EscalationStatus.ACKNOWLEDGED) if closing else OPEN
    return len(halt(about if closing else about & Q(by_hand=False), to, by=by, among=among))


def _lacking_of(subjects: Sequence[Q], since: Q, by: User | None) -> list[Q]:
    """Count a person's word for an incident and its alerts; give those for which it is not enough."""
    any_of = reduce(or_, subjects)
    if not Escalation.objects.filter(
        any_of & since, by_hand=False, acks_needed__gt=1, status__in=OPEN
    ).exists():
        return []
    return [each for each in subjects if not count_ack(each & since & Q(by_hand=False), by=by).is_enough]
