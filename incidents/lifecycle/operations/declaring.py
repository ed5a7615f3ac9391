from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import connection, transaction
from django.db.models import Max

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import Declared
from incidents.lifecycle import rules
from incidents.lifecycle.models import EntryKind, Incident, Trigger
from incidents.lifecycle.operations import clock
from incidents.lifecycle.operations.base import enter, past, tell
from incidents.lifecycle.operations.beginning import first_commander
from incidents.lifecycle.rules import Status
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.severities.models import Severity

NUMBERS = 0x494E43
"""The advisory lock under which incidents are numbered: no number is left out or given twice."""


INTAKE = {
    "summary": "What is happening",
    "blast_radius": "Who and what is affected",
    "recent_changes": "Changed shortly before",
    "who_else": "Who else must know",
}


class Intake(TypedDict, total=False):
    """What may be known at the beginning (R010); none of it is asked for. Times may lie in the past.

    Without an `impact` the current picture begins with the `blast_radius`.
    """

    summary: str
    impact: str
    blast_radius: str
    recent_changes: str
    who_else: str
    detected_at: datetime | None
    acknowledged_at: datetime | None
    key: UUID | None


class NoTitle(Refused):
    """One thing is needed: what goes wrong for people."""


class NoScale(Refused):
    """There is no severity to give the incident."""


@transaction.atomic
def declare(
    *,
    title: str,
    actor: User | None,
    severity: Severity | None = None,
    services: Iterable[Service] = (),
    private: bool = False,
    drill: bool = False,
    trigger: str = Trigger.PERSON,
    started_at: datetime | None = None,
    **intake: Unpack[Intake],
) -> Incident:
    """Declare an incident; a title is enough. The declarer commands from the first second (R006).

    Without an `actor` (a rule declared it) it waits in triage for a person. The same `key` of the same person
    again gives the incident that was declared with it.
    """
    if not title.strip():
        raise NoTitle("Say what is going wrong for people, in a few words.")
    number = _next_number()
    key = intake.get("key")
    known = Incident.objects.filter(idempotency_key=key, declared_by=actor).first() if key else None
    if known is not None:
        return known
    at = now()
    affected = list(services)
    level = _level(severity, affected)
    incident = Incident.objects.create(
        number=number,
        title=title.strip(),
        status=Status.INVESTIGATING if actor else Status.TRIAGE,
        severity=level,
        private=private,
        drill=drill,
        trigger=trigger,
        declared_by=actor,
        idempotency_key=key,
        started_at=past(started_at),
        detected_at=past(intake.get("detected_at")) or at,
        acknowledged_at=past(intake.get("acknowledged_at")),
        declared_at=at,
        next_update_due_at=rules.next_due(at=at, every=level.update_every_seconds),
        summary=intake.get("summary", ""),
        impact=intake.get("impact") or intake.get("blast_radius", ""),
        blast_radius=intake.get("blast_radius", ""),
        recent_changes=intake.get("recent_changes", ""),
        who_else=intake.get("who_else", ""),
    )
    incident.services.set(affected)
    _begin(incident, actor, at)
    return incident


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [NUMBERS])
    return (Incident.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _level(severity: Severity | None, services: Iterable[Service]) -> Severity:
    level = severity or severities.unchosen(services)
    if level is None:
        raise NoScale(
            "No severity is configured. An admin adds levels, or runs manage.py severities --preset sev4."
        )
    return level


def _begin(incident: Incident, actor: User | None, at: datetime) -> None:
    enter(
        incident,
        EntryKind.DECLARED,
        f"Incident declared as {incident.severity.label}{', for practice' if incident.drill else ''}",
        actor=actor,
        data={"severity": incident.severity.slug, "trigger": incident.trigger},
    )
    _note_intake(incident, actor)
    facts: list[object] = [
        Declared(
            incident_id=incident.pk,
            number=incident.number,
            severity_rank=incident.severity.rank,
            service_ids=sorted(incident.services.values_list("pk", flat=True)),
            pages=not incident.drill and severities.pages(incident.severity, at=at),
            private=incident.private,
            drill=incident.drill,
        )
    ]
    if actor is not None:
        facts += first_commander(incident, actor)
    clock.follow(incident, incident.next_update_due_at, at=at, why="declared")
    bus.emit_all(facts, actor=actor)
    tell(incident)


def _note_intake(incident: Incident, actor: User | None) -> None:
    """Keep what was known at the beginning as it was said; what is put right later replaces it elsewhere."""
    given = {words: getattr(incident, name) for name, words in INTAKE.items()}
    lines = [f"{words}: {text}" for words, text in given.items() if text]
    if lines:
        text = "\n".join(["Known at the beginning.", *lines])
        enter(incident, EntryKind.NOTE, text, actor=actor, data={"intake": True})
