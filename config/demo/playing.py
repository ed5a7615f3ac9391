"""Leads an incident of the sample company with the real operations, and moves it into the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.events.models import Event
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry
from incidents.lifecycle.rules import TIMES, Status
from incidents.production import operations as production
from incidents.production.models import ProductionChange
from incidents.severities.models import Severity
from incidents.tasks import operations as tasks
from incidents.tasks.models import State, Task
from incidents.tasks.rules import Occasion
from incidents.updates import operations as updates
from incidents.updates.models import Update
from statuspage.components.models import Component, ComponentSpan
from statuspage.notices import operations as notices
from statuspage.notices.models import Notice, NoticeUpdate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from config.demo.company import Company
    from core.accounts.models import User

MOVED = (*TIMES, "next_update_due_at", "last_update_at")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing somebody did, so many minutes after the declaration."""

    minute: float
    kind: str
    text: str
    who: str
    status: str | None = None
    components: tuple[tuple[str, str], ...] = ()
    early: str = ""
    """Why it is resolved before its stable time is over."""


def play(  # noqa: PLR0913 - each is one thing that is known of an incident
    company: Company,
    *,
    title: str,
    severity: int,
    services: Sequence[str],
    commander: str,
    began: int,
    impact: str,
    steps: Sequence[Step],
    private: bool = False,
) -> Incident:
    """Lead an incident through its steps; `began` is when it started, in minutes before the declaration (negative)."""
    now = timezone.now()
    actor = company.people[commander]
    incident = lifecycle.declare(
        title=title,
        actor=actor,
        severity=Severity.objects.get(rank=severity),
        services=[company.services[slug] for slug in services],
        started_at=now + timedelta(minutes=began),
        impact=impact,
        private=private,
    )
    lifecycle.acknowledge(incident, actor=actor)
    tasks.come_up(incident.pk, Occasion.DECLARED)
    for step in steps:
        before = (
            TimelineEntry.objects.filter(incident=incident)
            .order_by("-id")
            .values_list("id", flat=True)
            .first()
            or 0
        )
        _do(company, incident, step, company.people[step.who])
        _stamp(incident, after=before, minute=step.minute)
    incident.refresh_from_db()
    _tick(incident, Occasion.DECLARED, incident.declared_at + timedelta(minutes=4), actor)
    if incident.resolved_at is not None:
        tasks.come_up(incident.pk, Occasion.RESOLVED)
        _tick(incident, Occasion.RESOLVED, incident.resolved_at + timedelta(minutes=20), actor)
    return incident


def _tick(incident: Incident, occasion: Occasion, at: datetime, actor: User) -> None:
    """Let the checklists of an occasion have been worked through."""
    Task.objects.open().filter(incident=incident, step__checklist__occasion=occasion).update(
        state=State.DONE, ended_at=at, ended_by=actor
    )


def _do(company: Company, incident: Incident, step: Step, actor: User) -> None:
    if step.kind == "hypothesis":
        lifecycle.set_picture(incident, hypothesis=step.text, actor=actor)
    elif step.kind == "resolve":
        lifecycle.resolve(incident, actor=actor)
    elif step.kind in {"public", "internal"}:
        if step.status == Status.RESOLVED:
            lifecycle.resolve(incident, actor=actor, reason=step.early, early=True)
        update = updates.publish(
            incident,
            audience=step.kind,
            text=step.text,
            status=step.status,
            components=components(step.components),
            actor=actor,
        )
        if step.kind == "public":
            notices.publish_update(update.pk)
    elif step.kind in {"task", "open task", "changed"}:
        _work(incident, step, actor)
    else:
        lifecycle.add_entry(incident, kind=EntryKind(step.kind), text=step.text, actor=actor)


def _work(incident: Incident, step: Step, actor: User) -> None:
    if step.kind == "changed":
        where = ", ".join(incident.services.values_list("name", flat=True))
        row = production.note(incident, what=step.text, place=where, actor=actor)
        ProductionChange.objects.filter(pk=row.pk).update(at=F("at") + timedelta(minutes=step.minute))
        return
    task = tasks.add(incident, title=step.text, assignee=actor, actor=actor)
    if step.kind == "task":
        tasks.finish(task, actor=actor)


def components(states: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Give the states of components by their public ids."""
    ids = dict(Component.objects.values_list("name", "public_id"))
    return {ids[name]: state for name, state in states}


def _stamp(incident: Incident, *, after: int, minute: float) -> None:
    """Give what the last step wrote the time at which it is said to have happened."""
    span = timedelta(minutes=minute)
    with pgtrigger.ignore():
        TimelineEntry.objects.filter(incident=incident, pk__gt=after).update(
            at=F("at") + span, recorded_at=F("recorded_at") + span
        )
        Update.objects.filter(incident=incident, published_at__lte=timezone.now()).filter(
            pk__in=Update.objects.filter(incident=incident).order_by("-pk").values("pk")[:1]
        ).update(published_at=F("published_at") + span)
    incident.refresh_from_db()
    moved = {
        name: getattr(incident, name) + span
        for name in ("identified_at", "mitigated_at", "resolved_at")
        if (at := getattr(incident, name)) and at - incident.declared_at < timedelta(seconds=30)
    }
    if incident.next_update_due_at and _published_since(incident, after):
        moved["next_update_due_at"] = incident.next_update_due_at + span
        moved["last_update_at"] = incident.declared_at + span
    if moved:
        Incident.objects.filter(pk=incident.pk).update(**moved)


def _published_since(incident: Incident, entry_id: int) -> bool:
    kinds = [EntryKind.UPDATE, EntryKind.PUBLIC_UPDATE]
    return TimelineEntry.objects.filter(incident=incident, pk__gt=entry_id, kind__in=kinds).exists()


def into_the_past(incident: Incident, span: timedelta) -> None:
    """Move everything that belongs to an incident back by `span`."""
    shifted = {name: F(name) - span for name in MOVED}
    Incident.objects.filter(pk=incident.pk).update(**shifted)
    incident.roles.update(started_at=F("started_at") - span)
    with pgtrigger.ignore():
        TimelineEntry.objects.filter(incident=incident).update(
            at=F("at") - span, recorded_at=F("recorded_at") - span
        )
        Update.objects.filter(incident=incident).update(
            published_at=F("published_at") - span, next_update_due_at=F("next_update_due_at") - span
        )
    ProductionChange.objects.filter(incident=incident).update(at=F("at") - span)
    Task.objects.filter(incident=incident).update(
        created_at=F("created_at") - span, ended_at=F("ended_at") - span
    )
    Event.objects.filter(name__startswith="incident.", subject_id=incident.pk).update(
        occurred_at=F("occurred_at") - span
    )
    Timer.objects.filter(kind=lifecycle.UPDATE_DUE, subject_id=incident.pk, done_at=None).update(
        done_at=Now()
    )
    _notices_into_the_past(incident, span)


def _notices_into_the_past(incident: Incident, span: timedelta) -> None:
    published = dict(Update.objects.filter(incident=incident).values_list("pk", "published_at"))
    for notice in Notice.objects.filter(incident=incident):
        for row in NoticeUpdate.objects.filter(notice=notice):
            NoticeUpdate.objects.filter(pk=row.pk).update(at=published.get(row.source_update_id or 0, row.at))
        times = list(notice.updates.order_by("at").values_list("at", flat=True))
        incident.refresh_from_db()
        Notice.objects.filter(pk=notice.pk).update(
            created_at=times[0],
            updated_at=times[-1],
            started_at=incident.started_at,
            resolved_at=times[-1] if notice.resolved_at else None,
            next_update_due_at=incident.next_update_due_at if not notice.resolved_at else None,
        )
        for part in notice.components.all():
            _spans(part, times, notice)
            Component.objects.filter(pk=part.pk).update(updated_at=times[-1])


def _spans(part: Component, times: Sequence[object], notice: Notice) -> None:
    """One stretch from the first word to the last, in the worst state that was shown."""
    spans = ComponentSpan.objects.filter(component=part, start__gte=timezone.now() - timedelta(minutes=5))
    worst = spans.order_by("pk").first()
    if worst is None:
        return
    spans.exclude(pk=worst.pk).delete()
    end = times[-1] if notice.resolved_at else None
    ComponentSpan.objects.filter(pk=worst.pk).update(start=times[0], end=end)
