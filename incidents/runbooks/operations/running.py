"""A runbook is used in an incident: begun, ticked step by step, ended. Two who tick at once both are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.timers import operations as timers
from incidents.events import RunbookRunChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status
from incidents.mitigations.models import Result
from incidents.runbooks.models import Run, RunStep, StepState
from incidents.runbooks.operations import writing

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import Runbook

DUE = "incidents.runbook_due"


class NoWords(Refused):
    """What was left out or done in another way is said in words."""


class Taken(Refused):
    """Somebody else said already what became of a step."""


class Over(Refused):
    """The run has ended."""


class NoDrill(Refused):
    """Only practice tests a runbook from a room."""


@transaction.atomic
def start(incident: Incident, *, runbook: Runbook, actor: User) -> Run:
    """Begin to use a runbook, as it is written now; one that is in use already goes on."""
    incident = base.active(incident)
    there = Run.objects.filter(incident=incident, runbook=runbook, ended_at=None).first()
    if there is not None:
        return there
    way, at = runbook.structure.escalation, now()
    run = Run.objects.create(
        incident=incident,
        runbook=runbook,
        version=runbook.version,
        started_at=at,
        started_by=actor,
        escalates_at=at + way.limit if way.limit else None,
    )
    RunStep.objects.bulk_create(
        RunStep(
            run=run,
            position=place,
            section=step.section.value,
            option=step.option[:200],
            text=step.text,
            commands=list(step.commands),
            expect=step.expect,
            automated=step.automated,
        )
        for place, step in enumerate(runbook.structure.steps, start=1)
    )
    if run.escalates_at is not None:
        timers.set(DUE, run.pk, occurrence="limit", due_at=run.escalates_at)
    tell(run, f"Runbook begun: {runbook}, version {run.version}", "begun", actor)
    return run


@transaction.atomic
def mark(step: RunStep, *, state: str, actor: User, note: str = "") -> RunStep:
    """Say what became of a step: done, left out or done in another way, which both want words; or open again.

    The same a second time changes nothing: who was first stands, and what the second wrote is added. Who says
    something else of it than another did opens it again first.
    """
    run = _held(step.run)
    row = RunStep.objects.get(pk=step.pk)
    row.run, note = run, note.strip()
    if state in {StepState.SKIPPED, StepState.DEVIATED} and not note:
        raise NoWords(
            "Say why it was left out." if state == StepState.SKIPPED else "Say what was done instead."
        )
    if row.state == state and note in row.note:
        return row
    if StepState.OPEN in {row.state, state} or (row.state != state and row.by == actor):
        row.state, row.note = StepState(state), note
        row.by, row.at = (None, None) if state == StepState.OPEN else (actor, now())
    elif row.state == state:
        added = note if row.by == actor else f"{actor}: {note}"
        row.note = f"{row.note}\n{added}".strip()
    else:
        raise Taken(f"{row.by} said already: {row.said}. Open it again to say something else.")
    row.save(update_fields=["state", "note", "by", "at"])
    words = f"{run.runbook}, step {row.position} {row.said}: {row.title}"
    tell(run, f"{words}. {note}" if note else words, row.state, actor, step=row.pk)
    return row


@transaction.atomic
def finish(run: Run, *, result: str, actor: User, note: str = "", tested: bool = False) -> Run:
    """Say that one is through with it and what came of it; its limit is no more. A second time changes nothing.

    In a drill that can mean that the runbook is tested.
    """
    row = _held(run, ended_too=True)
    if row.ended_at is not None:
        return row
    if tested and not row.incident.drill:
        raise NoDrill("Only a drill tests a runbook. In an incident it is used.")
    row.ended_at, row.ended_by = now(), actor
    row.result, row.note, row.tested = Result(result), note.strip(), tested
    row.save(update_fields=["ended_at", "ended_by", "result", "note", "tested"])
    timers.cancel(DUE, [row.pk])
    if tested:
        writing.confirm(row.runbook, how="tested", actor=actor)
    words = f"Runbook through: {row.runbook}. {row.get_result_display()}, {row.progress}"
    tell(row, f"{words}. {row.note}" if row.note else words, "ended", actor)
    return row


def _held(run: Run, *, ended_too: bool = False) -> Run:
    """Give a run as it stands, with its incident held; refused once the incident is closed or the run has ended."""
    incident = base.locked(run.incident)
    if incident.status == Status.CLOSED:
        raise base.Ended(f"{incident} is closed. Reopen it first.")
    row = Run.objects.select_related("runbook", "started_by").get(pk=run.pk)
    row.incident = incident
    if row.ended_at is not None and not ended_too:
        raise Over("This runbook is through already. Begin it again to tick more.")
    return row


def tell(run: Run, words: str, what: str, actor: User | None, *, step: int | None = None) -> None:
    """Put it onto the timeline and on all screens of the room."""
    data = {"runbook": run.runbook_id, "run": run.pk, "what": what, "step": step}
    base.enter(run.incident, EntryKind.ACTION, words, actor=actor, data=data)
    bus.emit(RunbookRunChanged(incident_id=run.incident_id, run_id=run.pk, what=what), actor=actor)
    base.tell(run.incident)
