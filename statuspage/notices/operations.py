from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from core import live
from core.clock import now
from core.events import bus
from incidents.estimates import queries as estimates
from incidents.lifecycle.models import Incident
from incidents.updates.models import Audience, Update
from statuspage.components import operations as components
from statuspage.components import queries as component_queries
from statuspage.components import rules as states
from statuspage.components.models import Component, StatusPage
from statuspage.events import NoticePublished
from statuspage.notices import rules
from statuspage.notices.models import Notice, NoticeUpdate


@transaction.atomic
def publish_update(update_id: int) -> list[NoticeUpdate]:
    """Show a published public update on every page it touches; a second call changes nothing.

    A private incident never reaches a page by way of an update.
    """
    update = Update.objects.select_related("incident", "author").get(pk=update_id)
    if update.audience != Audience.PUBLIC or update.incident.private or update.incident.drill:
        return []
    if rules.stage(update.status) == "resolved" and update.incident.is_active:
        return []  # opened again before this could be shown: customers never read that it is over while it is not
    if NoticeUpdate.objects.filter(notice__incident=update.incident, source_update_id=update.pk).exists():
        return []
    affected = _affected(update)
    by_page: dict[StatusPage, list[tuple[Component, str]]] = {}
    for component, state in affected:
        by_page.setdefault(component.page, []).append((component, state))
    return [_publish(update, page, parts) for page, parts in by_page.items()]


def _affected(update: Update) -> list[tuple[Component, str]]:
    """Components and the state each shall show: as the author said, else those of the incident's services unchanged."""
    if update.components:
        rows = Component.objects.select_related("page").filter(public_id__in=update.components.keys())
        chosen = [(row, update.components[row.public_id]) for row in rows.order_by("page_id", "position")]
    else:
        before = Notice.objects.filter(incident=update.incident).prefetch_related("components__page")
        known = [component for notice in before for component in notice.components.all()]
        services = set(update.incident.services.values_list("pk", flat=True))
        chosen = [(row, row.state) for row in known or component_queries.components_for(services)]
    if rules.stage(update.status) == "resolved" and not update.components:
        return [(component, states.State.OPERATIONAL) for component, _ in chosen]
    return chosen


def _publish(update: Update, page: StatusPage, parts: list[tuple[Component, str]]) -> NoticeUpdate:
    stage = rules.stage(update.status)
    incident = update.incident
    shown = [state for _, state in parts]
    notice, created = Notice.objects.get_or_create(
        page=page,
        incident=incident,
        defaults={
            "public_id": components.public_id(),
            "title": update.public_title
            or rules.title(
                [part.name for part, _ in parts], states.worst([states.State(state) for state in shown])
            ),
            "started_at": incident.started_at or incident.declared_at,
            "status": stage,
            "impact": rules.impact(shown),
        },
    )
    changed = [
        {"code": part.public_id, "name": part.name, "old_status": part.state, "new_status": state}
        for part, state in parts
    ]
    for part, state in parts:
        components.set_state(part, state=state, actor=update.author)
    notice.components.add(*(part for part, _ in parts))
    row = NoticeUpdate.objects.create(
        notice=notice,
        public_id=components.public_id(),
        source_update_id=update.pk,
        status=stage,
        body=update.text,
        affected=changed,
        at=update.published_at,
        author=update.author,
    )
    _restate(notice, stage=stage, states=shown, update=update, created=created)
    bus.emit(NoticePublished(notice.pk, row.pk, incident.pk, stage), actor=update.author)
    live.changed("statuspage", f"incident-{incident.pk}")
    return row


def _restate(notice: Notice, *, stage: str, states: list[str], update: Update, created: bool) -> None:
    changes: dict[str, Any] = {
        "status": stage,
        "updated_at": Now(),
        "next_update_due_at": None if stage == "resolved" else update.next_update_due_at,
    }
    estimate = estimates.for_customers(update.incident)
    changes["restored_by"] = estimate.restored_at if estimate and stage != "resolved" else None
    if update.public_title and not created:
        changes["title"] = update.public_title
    if stage != "resolved":
        changes |= {"impact": rules.impact(states), "resolved_at": None}
    elif notice.resolved_at is None:
        changes["resolved_at"] = Now()
    if stage == "monitoring" and notice.monitoring_at is None:
        changes["monitoring_at"] = Now()
    Notice.objects.filter(pk=notice.pk).update(**changes)


@transaction.atomic
def show_estimate(incident_id: int) -> None:
    """Show by when it may work again, as it is now, on what customers read already; nothing else changes. Twice is once."""
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    estimate = estimates.for_customers(incident)
    wanted = estimate.restored_at if estimate else None
    open_ = Notice.objects.filter(incident=incident).exclude(status="resolved")
    stale = open_.exclude(restored_by=wanted) if wanted else open_.exclude(restored_by=None)
    if stale.update(restored_by=wanted):
        live.changed("statuspage")


BACK = "The problem has come back. We are looking into it and write here again."


@transaction.atomic
def take_back(incident_id: int) -> None:
    """Show no longer as resolved what is open again; customers read a sentence without details. Twice is once."""
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    if not incident.is_active or incident.private or incident.drill:
        return
    for notice in Notice.objects.filter(incident=incident, status="resolved").select_related("page"):
        row = NoticeUpdate.objects.create(
            notice=notice,
            public_id=components.public_id(),
            status="investigating",
            body=BACK,
            affected=[],
            at=now(),
        )
        Notice.objects.filter(pk=notice.pk).update(
            status="investigating", resolved_at=None, monitoring_at=None, updated_at=Now()
        )
        bus.emit(NoticePublished(notice.pk, row.pk, incident.pk, "investigating"))
        live.changed("statuspage", f"incident-{incident.pk}")
