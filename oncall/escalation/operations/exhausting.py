"""Give up: tell the admins that nobody answered, and ask the last resort."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall import events
from oncall.alerts.models import Urgency
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.rows import incident_id, tell
from oncall.escalation.operations.starting import Start, start_many
from oncall.escalation.rules import plans
from oncall.paging import queries as people
from oncall.paging import rules as words
from oncall.paging.models import Page, PageStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.lifecycle.models import Incident
    from oncall.escalation.models import LastResort

log = logging.getLogger(__name__)

ALARM = "oncall.alarm"


def finish(escalations: Sequence[Escalation]) -> None:
    """End runs whose levels are all over: those that only had to tell channels are closed, all others give up."""
    told = _told(escalations)
    if told:
        Escalation.objects.filter(pk__in=told).update(
            status=EscalationStatus.CLOSED, next_at=None, waits_for="", closed_at=Now(), edits_due=True
        )
        tell(each for each in escalations if each.pk in told)
    exhaust([each for each in escalations if each.pk not in told])


def _told(escalations: Sequence[Escalation]) -> set[int]:
    """Those of low urgency that told a channel and meant to ask no person: nobody has to answer them."""
    low = [each.pk for each in escalations if each.urgency == Urgency.LOW and not each.by_hand]
    if not low:
        return set()
    meant = Q(user__isnull=False) | Q(status__in=(PageStatus.FAILED, PageStatus.EXPIRED))
    lines = Page.objects.filter(escalation__in=low).order_by().values_list("escalation", flat=True)
    heard = lines.filter(destination__isnull=False).exclude(status=PageStatus.SUPPRESSED)
    return set(heard) - set(lines.filter(meant))


def exhaust(escalations: Sequence[Escalation]) -> None:
    """Give up: nobody answered. Whoever runs Watchbill is told, and the alert or incident shows it."""
    if not escalations:
        return
    ids = [escalation.pk for escalation in escalations]
    Escalation.objects.filter(pk__in=ids).update(
        status=EscalationStatus.EXHAUSTED, next_at=None, waits_for="", exhausted_at=Now(), edits_due=True
    )
    bus.emit_all(
        [events.EscalationExhausted(each.pk, each.alert_id, incident_id(each)) for each in escalations]
    )
    last = queries.last_resort()
    _raise_alarm(escalations, last)
    _ask_last(escalations, last)
    tell(escalations)


def _ask_last(escalations: Sequence[Escalation], last: LastResort | None) -> None:
    """Start asking the last resort, where there is one that was not asked."""
    if last is not None:
        starts = [_last_start(each, last) for each in escalations if queries.has_last(each, last)]
        start_many(starts)


def _last_start(escalation: Escalation, last: LastResort) -> Start:
    asked = escalation.plan.get("name") if isinstance(escalation.plan, dict) else ""
    return Start(
        alert_id=escalation.alert_id,
        incident_id=escalation.incident_id,
        policy_id=last.policy_id,
        urgency=escalation.urgency,
        message=escalation.message,
        plan=plans.as_last_resort(queries.plan_of_last(last), asked=str(asked or "")),
        is_last_resort=True,
        acks=escalation.acks,
    )


def _raise_alarm(escalations: Sequence[Escalation], last: LastResort | None) -> None:
    admins = {user.pk for user in queries.admins()}
    asked_by = {each.pk: each.started_by_id for each in escalations if each.by_hand and each.started_by_id}
    reachable = people.reachable(admins | set(asked_by.values()))
    messages = [
        message
        for escalation in escalations
        for user_id in sorted(admins | ({asked_by[escalation.pk]} if escalation.pk in asked_by else set()))
        if user_id in reachable
        for message in _alarm(escalation, reachable[user_id], last)
    ]
    outbox.put(messages)
    told = {message.subject_id for message in messages}
    for escalation in escalations:
        if escalation.pk not in told:
            log.critical("nobody answered escalation %s and there is nobody to tell", escalation.pk)


def _alarm(escalation: Escalation, person: people.Person, last: LastResort | None) -> list[outbox.NewMessage]:
    sends, _ = words.sends(person.methods, person.own_rules, urgency="high", sign_in=person.email)
    content = _alarm_words(escalation, last)
    return [
        outbox.NewMessage(
            key=f"alarm-{escalation.pk}-{escalation.epoch}-{person.id}-{n}",
            client=ALARM,
            subject_id=escalation.pk,
            lane=Lane.CRITICAL,
            channel=send.method.channel,
            address=send.method.address,
            secret=send.method.secret,
            user_id=person.id,
            content=content,
            epoch=escalation.epoch,
        )
        for n, send in enumerate(sends)
    ]


def _alarm_words(escalation: Escalation, last: LastResort | None) -> dict[str, Any]:
    incident = queries.incident_of(escalation)
    private = incident is not None and incident.private
    title = "a private incident" if private else queries.title(escalation)
    asked = escalation.plan.get("name") if isinstance(escalation.plan, dict) else ""
    who = f"only {escalation.acks_said.split(',')[0]}" if escalation.acks else "nobody acknowledged"
    said = f"{asked or 'The plan'} asked everybody as often as it says, and {who}."
    if not (escalation.round or escalation.level or escalation.by_hand):
        said = f"{asked or 'The plan'} has no level that is for this, so nobody was asked."
    if last is not None and queries.has_last(escalation, last):
        said += f" The last resort is asked now: {last}."
    url = settings.BASE_URL + _address(escalation, incident)
    text = f"Nobody answered: {title}\n\n{said}\n\n{url}"
    return {"subject": words.shortened(f"Nobody answered: {title}"), "text": text, "url": url}


def _address(escalation: Escalation, incident: Incident | None) -> str:
    if escalation.alert_id:
        return f"/alerts/{escalation.alert_id}/"
    return f"/incidents/{incident}/" if incident else "/"
