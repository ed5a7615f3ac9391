"""Runbooks in a room: what is offered, what is in use, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from incidents.runbooks import registry, rules
from incidents.runbooks.models import OTHERWISE, Report, Run, Runbook, RunbookVersion, RunStep, StepState
from incidents.runbooks.queries.shelf import for_services, is_stale
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import ReportQuerySet, RunQuerySet
    from incidents.severities.models import Severity


@dataclass(frozen=True, slots=True)
class Offer:
    """A runbook that a room offers, and why."""

    runbook: Runbook
    why: str
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """The runbooks of a room: what is offered, in use, and through."""

    offered: Sequence[Offer]
    running: Sequence[Run]
    past: Sequence[Run]


def offered(user: User, incident: Incident) -> list[Offer]:
    """Give what is for the incident's alerts, then what is for its services."""
    why: dict[int, str] = {}
    known: dict[int, Runbook] = {}
    fired = registry.alerts(incident)
    if fired:
        for row in Runbook.objects.visible_to(user).active().exclude(alerts=[]).order_by("name", "pk"):
            hit = next((one for one in fired if _is_for(row, one)), None)
            if hit is not None:
                known[row.pk], why[row.pk] = row, f"the alert “{hit.labels.get('alertname') or hit.title}”"
    services = {service.pk: service for service in incident.services.all()}
    for pk, rows in for_services(user, services).items():
        for row in rows:
            known.setdefault(row.pk, row)
            why.setdefault(row.pk, str(services[pk]))
    return [Offer(row, why[pk], is_stale(row)) for pk, row in known.items()]


def _is_for(runbook: Runbook, alert: registry.Fired) -> bool:
    return rules.matches(runbook.alerts, title=alert.title, labels=alert.labels)


def runs(user: User, incident: Incident) -> RunQuerySet:
    """Give how runbooks were used in an incident, oldest first."""
    found = Run.objects.visible_to(user).filter(incident=incident).counted()
    return found.select_related("runbook", "started_by", "ended_by").prefetch_related("steps__by")


def used(user: User, runbook: Runbook) -> RunQuerySet:
    """Give how a runbook was used in the incidents that a person may see, the latest first."""
    found = Run.objects.visible_to(user).filter(runbook=runbook).counted().order_by("-started_at", "-pk")
    return found.select_related("incident", "runbook", "started_by").prefetch_related("steps__by")


def panel(user: User, incident: Incident) -> Panel:
    """Give the runbooks of a room."""
    used = list(runs(user, incident))
    running = [run for run in used if run.ended_at is None]
    busy = {run.runbook_id for run in running}
    found = offered(user, incident) if incident.is_active else []
    return Panel(
        offered=[offer for offer in found if offer.runbook.pk not in busy],
        running=running,
        past=[run for run in used if run.ended_at is not None],
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Steps of a run that stand under one heading."""

    title: str
    success: str
    steps: Sequence[RunStep]

    @property
    def ticked(self) -> int:
        """How many are not open any more."""
        return sum(step.state != StepState.OPEN for step in self.steps)


def groups(run: Run) -> list[Group]:
    """Give the steps of a run under the headings of the version that is used."""
    criteria = {option.title[:200]: option.success for option in said_then(run).options}
    found: dict[str, list[RunStep]] = {}
    for step in run.steps.all():
        found.setdefault(step.option or rules.TITLES[rules.Section(step.section)], []).append(step)
    return [Group(title, criteria.get(title, ""), steps) for title, steps in found.items()]


def said_then(run: Run) -> rules.Structure:
    """Give the structure of the version that is used."""
    kept = RunbookVersion.objects.filter(runbook=run.runbook_id, number=run.version).first()
    return rules.read(rules.read_document(kept.document)[1] if kept else "")


def way_up(run: Run) -> rules.Escalation:
    """Give the escalation path of the version that is used."""
    return said_then(run).escalation


def level(word: str) -> Severity | None:
    """Give the level that a document names; SEV-2 is SEV2."""
    return (severities.find(word) or severities.find(word.replace("-", ""))) if word else None


def texts(incident: Incident) -> Iterable[tuple[Any, Sequence[str]]]:
    """Give the rows in which people wrote while they used runbooks in an incident, and their columns."""
    yield Run.objects.filter(incident=incident), ("note",)
    yield RunStep.objects.filter(run__incident=incident), ("note",)
    yield Report.objects.filter(incident=incident), ("step", "wrong", "right")


def reports(user: User, runbook: Runbook) -> ReportQuerySet:
    """Give what people found wrong with a runbook, as far as a person may know of it, the latest first."""
    found = Report.objects.visible_to(user).filter(runbook=runbook)
    return found.select_related("runbook", "incident", "by", "settled_by").order_by("-at", "-pk")


def reported(incident: Incident) -> ReportQuerySet:
    """Give what was found wrong in an incident, for those who see it, oldest first."""
    found = Report.objects.filter(incident=incident)
    return found.select_related("runbook", "by", "incident").order_by("at", "pk")


def otherwise(user: User, runbook: Runbook) -> list[RunStep]:
    """Give the latest steps of a runbook that were done in another way or left out, for whoever keeps it."""
    seen = Run.objects.visible_to(user).filter(runbook=runbook)
    found = RunStep.objects.filter(run__in=seen, state__in=OTHERWISE).select_related("run__incident", "by")
    return list(found.order_by("-at", "-pk")[:10])


def to_learn(incident: Incident) -> list[Runbook]:
    """Give the runbooks that an incident can teach something: those used in it or reported, else of its services."""
    used = Runbook.objects.filter(Q(runs__incident=incident) | Q(reports__incident=incident)).distinct()
    found = list(used.order_by("name", "pk"))
    if found:
        return found
    own = Runbook.objects.active().filter(services__in=incident.services.all()).distinct()
    return list(own.order_by("name", "pk")[:5])
