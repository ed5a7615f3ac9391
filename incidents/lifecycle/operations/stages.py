"""From one state to the next; each step keeps its own time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import Acknowledged, Closed, Reopened, Resolved, StatusChanged
from incidents.lifecycle import registry, rules
from incidents.lifecycle.models import AcceptedRisk, EntryKind, Outcome
from incidents.lifecycle.operations import clock
from incidents.lifecycle.operations.base import enter, locked, past, write
from incidents.lifecycle.operations.beginning import first_commander
from incidents.lifecycle.operations.people import admit, commander
from incidents.lifecycle.rules import Status

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


class CannotMove(Refused):
    """There is no such step from where the incident stands."""


class NotOver(Refused):
    """Only what is resolved, or was none, is closed."""


class NoReason(Refused):
    """Opening again what was over needs a reason."""


@transaction.atomic
def move(
    incident: Incident, *, to: str, actor: User | None, reason: str = "", at: datetime | None = None
) -> Incident:
    """Take the incident to another state; `at` is when that really happened. The same state again changes nothing."""
    try:
        new = Status(to)
    except ValueError:
        raise CannotMove(f"There is no state “{to}”.") from None
    incident = locked(incident)
    if new == incident.status:
        return incident
    if incident.status in rules.ENDED and new in rules.ACTIVE:
        return reopen(incident, reason=reason, actor=actor)
    if new is Status.CLOSED:
        return close(incident, actor=actor, reason=reason)
    if new is Status.RESOLVED:
        return resolve(incident, actor=actor, reason=reason, at=at)
    _step(incident, new, actor=actor, reason=reason, at=at)
    return incident


@transaction.atomic
def resolve(
    incident: Incident,
    *,
    actor: User | None,
    reason: str = "",
    at: datetime | None = None,
    early: bool = False,
    said: dict[str, Any] | None = None,
) -> Incident:
    """Say that the service works again; `at` is since when. No update is due any more.

    What has to hold before is asked in `incidents.closing`, by which people come here; `said` is kept with the entry.
    """
    incident = locked(incident)
    if incident.status == Status.RESOLVED:
        return incident
    registry.let_go(incident)
    asks = incident.severity.needs_postmortem and not incident.drill
    fact = Resolved(incident_id=incident.pk, needs_postmortem=asks, drill=incident.drill)
    more = {"resolved_times": incident.resolved_times + 1, "resolved_early": early}
    _step(incident, Status.RESOLVED, actor=actor, reason=reason, at=at, facts=[fact], more=more, said=said)
    return incident


@transaction.atomic
def reopen(incident: Incident, *, reason: str, actor: User | None) -> Incident:
    """Make a resolved or closed incident active again; its rhythm of updates begins anew."""
    incident = locked(incident)
    if incident.is_active:
        raise CannotMove(f"{incident} is open already: {incident.status}.")
    if not reason.strip():
        raise NoReason("Say why it is open again.")
    fact = Reopened(incident_id=incident.pk, reason=reason.strip())
    _step(
        incident,
        Status.INVESTIGATING,
        actor=actor,
        reason=reason,
        facts=[fact],
        more={"reopened": incident.reopened + 1, "resolved_early": False, "outcome": ""},
    )
    AcceptedRisk.objects.filter(incident=incident).delete()
    return incident


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A risk that is lived with, how it is watched, and who made the call."""

    risk: str
    monitoring: str
    decided_by: User


@transaction.atomic
def close(
    incident: Incident,
    *,
    actor: User | None,
    reason: str = "",
    outcome: str = "",
    accepted: Acceptance | None = None,
    anyway: bool = False,
) -> Incident:
    """End a resolved incident for good, or an open one by an `outcome`, which needs a reason (R015).

    As an accepted risk it needs the risk, how it is watched, and who decided (R017). Where parts of an open one go on
    without it, it ends only `anyway`.
    """
    incident = locked(incident)
    if incident.status == Status.CLOSED:
        return incident
    _outcome_is_said(outcome, reason, accepted)
    if incident.is_active and not outcome:
        raise NotOver(f"{incident} is {incident.status}. Resolve it first, or close it as a false alarm.")
    if accepted is not None and outcome == Outcome.ACCEPTED_RISK:
        said = {"risk": accepted.risk.strip(), "monitoring": accepted.monitoring.strip()}
        AcceptedRisk.objects.update_or_create(
            incident=incident, defaults={**said, "decided_by": accepted.decided_by}
        )
        reason = f"{said['risk']} Watched by: {said['monitoring']} Decided by {accepted.decided_by}."
    if incident.is_active:
        registry.let_go(incident)
        if not anyway and (open_still := registry.asked(incident)):
            raise registry.AsksFirst(f"{'; '.join(open_still)}. Say that it ends all the same.")
    fact = Closed(incident_id=incident.pk, outcome=outcome)
    _step(incident, Status.CLOSED, actor=actor, reason=reason, facts=[fact], more={"outcome": outcome})
    return incident


def _outcome_is_said(outcome: str, reason: str, accepted: Acceptance | None) -> None:
    if outcome and outcome not in Outcome.values:
        raise NotOver(f"An incident does not end as “{outcome}”.")
    if outcome == Outcome.FALSE_ALARM and not reason.strip():
        raise NoReason("Say what looked like an incident and why it was none.")
    if outcome == Outcome.ACCEPTED_RISK and not (
        accepted and accepted.risk.strip() and accepted.monitoring.strip()
    ):
        raise NoReason("Say which risk is accepted, how it is watched, and who decided.")


@transaction.atomic
def acknowledge(incident: Incident, *, actor: User, at: datetime | None = None) -> Incident:
    """Note that somebody took the incident, the first time only.

    One that waited in triage is investigated from now on, and who took it commands unless somebody does already.
    """
    incident = locked(incident)
    if admit(incident, actor):
        write(incident)
    if incident.acknowledged_at is not None or not incident.is_active:
        return incident
    write(incident, acknowledged_at=past(at) or now())
    enter(incident, EntryKind.ACKNOWLEDGED, f"{actor} took the incident", actor=actor, at=past(at))
    bus.emit(Acknowledged(incident_id=incident.pk), actor=actor)
    if incident.status == Status.TRIAGE:
        _step(incident, Status.INVESTIGATING, actor=actor)
        if commander(incident) is None:
            bus.emit_all(first_commander(incident, actor), actor=actor)
    return incident


def moves_along(incident: Incident, stage: str) -> bool:
    """Say whether publishing an update with this stage would move the incident."""
    return rules.goes_along(Status(incident.status), Status(stage))


def _step(
    incident: Incident,
    new: Status,
    *,
    actor: User | None,
    reason: str = "",
    at: datetime | None = None,
    facts: list[object] | None = None,
    more: dict[str, Any] | None = None,
    said: dict[str, Any] | None = None,
) -> None:
    old = Status(incident.status)
    if not _allowed(old, new):
        raise CannotMove(f"{incident} is {old} and cannot become {new}.")
    when = past(at) or now()
    columns = {
        "status": new.value,
        **_times(incident, old, new, when),
        **_due(incident, new, old),
        **(more or {}),
    }
    undone = {
        name: str(getattr(incident, name)) for name in rules.clears(old, new) if getattr(incident, name)
    }
    text = f"{_words(old, new, columns)}{f': {reason.strip()}' if reason.strip() else ''}"
    enter(
        incident,
        EntryKind.STATUS,
        text,
        actor=actor,
        at=past(at),
        data={"old": old, "new": new, "undone": undone, **(said or {})},
    )
    write(incident, **columns)
    if "next_update_due_at" in columns:
        clock.follow(incident, incident.next_update_due_at, at=now(), why=f"the incident is {new}")
    bus.emit_all([StatusChanged(incident_id=incident.pk, old=old, new=new), *(facts or [])], actor=actor)


def _allowed(old: Status, new: Status) -> bool:
    return rules.can_move(old, new) or (new is Status.CLOSED and old in rules.ACTIVE)


def _times(incident: Incident, old: Status, new: Status, when: datetime) -> dict[str, datetime | None]:
    times: dict[str, datetime | None] = dict.fromkeys(rules.clears(old, new))
    name = rules.SETS.get(new)
    if name and getattr(incident, name) is None:
        times[name] = when
    return times


def _due(incident: Incident, new: Status, old: Status) -> dict[str, datetime | None]:
    if new in rules.ENDED and old in rules.ACTIVE:
        return {"next_update_due_at": None}
    if old in rules.ENDED and new in rules.ACTIVE:
        return {"next_update_due_at": rules.next_due(at=now(), every=clock.rhythm(incident))}
    return {}


def _words(old: Status, new: Status, columns: dict[str, Any]) -> str:
    if old in rules.ENDED and new in rules.ACTIVE:
        return "Reopened"
    if columns.get("outcome"):
        return f"Closed as {Outcome(columns['outcome']).label.lower()}"
    return f"Stage {old} to {new}" if new in rules.ACTIVE else new.capitalize()
