"""Somebody finds a runbook wrong: it is kept with what is right, and its owner gets the work (R186)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core import live
from core.accounts.models import TeamRole
from core.accounts.policy import Verb, can
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import RunbookChanged, RunbookReported
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.registry import FollowUp, follow_up
from incidents.runbooks.models import Report
from incidents.runbooks.operations.writing import held, may

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import Runbook

WITHIN = timedelta(days=14)


class NoWords(Refused):
    """Only what is wrong and what is right together help whoever mends it."""


@transaction.atomic
def report(
    runbook: Runbook,
    *,
    wrong: str,
    right: str,
    actor: User,
    incident: Incident | None = None,
    step: str = "",
) -> Report:
    """Keep that a runbook is wrong, and open the task of mending it. The same words again change nothing.

    The task names the runbook alone: it is seen by people who may not know of the incident.
    """
    if not wrong.strip() or not right.strip():
        raise NoWords("Say what is wrong, and what is right.")
    incident = base.locked(incident) if incident is not None else None
    row = held(runbook)
    words = {"wrong": wrong.strip(), "right": right.strip(), "step": step[:200]}
    there = Report.objects.open().filter(runbook=row, incident=incident, by=actor, **words).first()
    if there is not None:
        return there
    made = Report.objects.create(runbook=row, version=row.version, incident=incident, by=actor, **words)
    wanted = FollowUp(
        key=f"runbook-report-{made.pk}",
        title=f"Put the runbook “{row.name}” right",
        about=f"the runbook “{row.name}”",
        path=f"{reverse('incidents:runbook', args=[row.slug])}#reports",
        owner=_keeper(row, actor),
        due_on=timezone.localdate() + WITHIN,
        kind="process",
    )
    made.task = follow_up(wanted, actor=actor)
    made.save(update_fields=["task"])
    _tell(made, "reported", actor)
    return made


@transaction.atomic
def settle(report: Report, *, actor: User) -> Report:
    """Say that it is put right. A second time changes nothing."""
    runbook = held(report.runbook)
    may(actor, team=runbook.team, owner=runbook.owner)
    row = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    row.runbook = runbook
    if row.settled_at is None:
        row.settled_at, row.settled_by = now(), actor
        row.save(update_fields=["settled_at", "settled_by"])
        bus.emit(RunbookChanged(runbook_id=runbook.pk, slug=runbook.slug, what="settled"), actor=actor)
        live.changed("board")
    return row


def _keeper(runbook: Runbook, actor: User) -> User:
    """Give who mends it: its person, a manager of its team, a member, and in the end whoever found it."""
    if runbook.owner is not None and can(runbook.owner, Verb.RESPOND):
        return runbook.owner
    found = list(runbook.team.memberships.select_related("user").order_by("pk"))
    found.sort(key=lambda part: part.role != TeamRole.MANAGER)
    return next((part.user for part in found if can(part.user, Verb.RESPOND)), actor)


def _tell(report: Report, what: str, actor: User) -> None:
    runbook, incident = report.runbook, report.incident
    if incident is None:
        bus.emit(RunbookChanged(runbook_id=runbook.pk, slug=runbook.slug, what=what), actor=actor)
        live.changed("board")
        return
    where = f", “{report.step}”" if report.step else ""
    words = f"Runbook is wrong: {runbook}{where}. {report.wrong} Right is: {report.right}"
    base.enter(
        incident, EntryKind.NOTE, words, actor=actor, data={"runbook": runbook.pk, "report": report.pk}
    )
    bus.emit(RunbookReported(incident_id=incident.pk, report_id=report.pk), actor=actor)
    base.tell(incident)
