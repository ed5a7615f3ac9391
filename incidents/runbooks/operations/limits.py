"""When a runbook takes longer than its escalation path allows: the level rises, people are paged (R188)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.timers import operations as timers
from core.ui import times
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle import registry
from incidents.lifecycle.models import Incident
from incidents.lifecycle.operations import base
from incidents.runbooks import queries
from incidents.runbooks.models import Run
from incidents.runbooks.operations.running import DUE, tell
from incidents.tasks import operations as tasks

if TYPE_CHECKING:
    from incidents.runbooks.rules import Escalation

CUSTOMERS = "Update the status page"


@transaction.atomic
def come_due(run_id: int) -> None:
    """Take the way up that the runbook said when it was begun; once, and not where it is through or all is over."""
    incident_id = Run.objects.values_list("incident", flat=True).filter(pk=run_id).first()
    if incident_id is None:
        return
    incident = base.locked(Incident(pk=incident_id))
    run = Run.objects.select_related("runbook", "started_by").get(pk=run_id)
    if run.ended_at is not None or run.escalated_at is not None or not incident.is_active:
        return
    run.incident, run.escalated_at = incident, now()
    run.save(update_fields=["escalated_at"])
    way = queries.way_up(run)
    lasted = times.words((run.escalated_at - run.started_at).total_seconds())
    why = f"{run.runbook} is not through after {lasted}"
    tell(run, f"Runbook limit: {why}", "limit", None)
    _raise(run, way, why)
    for words in _page(run, way, why):
        tell(run, words, "limit", None)
    if way.tells_customers and not incident.private and not incident.drill:
        tasks.add(incident, title=CUSTOMERS, hint=f"{why}.", actor=run.started_by)


@transaction.atomic
def begin_anew(incident_id: int) -> None:
    """Let limits that passed while an incident was over count from now, as it is open again. Twice is once."""
    incident = base.locked(Incident(pk=incident_id))
    if not incident.is_active:
        return
    at = now()
    passed = Run.objects.filter(
        incident=incident, ended_at=None, escalated_at=None, escalates_at__lte=at
    ).select_related("runbook")
    for run in passed:
        limit = queries.way_up(run).limit
        if limit is None:
            continue
        run.escalates_at = at + limit
        run.save(update_fields=["escalates_at"])
        timers.cancel(DUE, [run.pk])
        timers.set(DUE, run.pk, occurrence=f"reopened-{incident.reopened}", due_at=run.escalates_at)
        base.tell(incident)


def _raise(run: Run, way: Escalation, why: str) -> None:
    level = queries.level(way.severity)
    if level is not None and level.rank < run.incident.severity.rank:
        lifecycle.change_severity(run.incident, severity=level, reason=why, actor=None)


def _page(run: Run, way: Escalation, why: str) -> list[str]:
    """Page whom it names; give what has to be said of those who were not."""
    if run.incident.drill:
        return [f"In a drill nobody is paged: {len(way.pages)} would have been"] if way.pages else []
    unknown = []
    for kind, ref in way.pages:
        target = registry.find(run.started_by, kind, ref)
        if target is None:
            unknown.append(f"Nobody was paged: the runbook names the {kind} “{ref}”, which there is not")
            continue
        lifecycle.request_page(
            run.incident, kind=kind, target_id=target.id, name=target.name, message=why, actor=run.started_by
        )
    return unknown
