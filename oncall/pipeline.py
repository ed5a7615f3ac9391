"""The way of an alert: take a signal, understand it, route it, record it, ask people, or stop asking them.

One transaction for a batch. When something in it fails, every signal goes alone: the bad one waits and is tried
again, and after five times it becomes an alert that says so, because somebody may depend on it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction

from core.events import bus
from incidents.catalog.models import Service
from incidents.changes import operations as production
from incidents.changes.models import ChangeKind
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident
from oncall.alerts import operations as alerts
from oncall.alerts import parsers
from oncall.alerts.models import CANARY
from oncall.alerts.operations import Change, Recorded, Waiting
from oncall.alerts.parsers import pagerduty
from oncall.alerts.rules import POISON_AFTER, Entry, Parsed, Unreadable
from oncall.escalation import operations as escalation
from oncall.escalation.rules.plans import CANARY_PLAN
from oncall.events import AlertDeclares
from oncall.routing import queries as routing
from oncall.routing.rules import Decision, Map, decide, slug

if TYPE_CHECKING:
    from oncall.alerts.parsers.pagerduty import ParsedChange

log = logging.getLogger(__name__)

TEST = Decision(None, None, "high", "the product's own test page")
"""Where a canary goes: it is routed like any other, and then nobody's alert."""
DUE = "select 1 from oncall_signal where state = 'new' and due_at <= {now}"
SOON = "select min(due_at) from oncall_signal where state = 'new' and due_at > now()"
"""When the next signal that was put off is due."""
DROPPED = "Nothing was done: no open alert has this key."
NOTHING = "Nothing in it asks for anything."
NO_SERVICE = "A change event names no service that is known, and its source has none."


def process_due(limit: int = 50) -> int:
    """Process signals that wait; give how many were taken."""
    taken: list[Waiting] = []
    try:
        with transaction.atomic():
            taken = alerts.claim(limit)
            if taken:
                _process(taken)
    except Exception:
        if not taken:
            raise
        log.exception("a batch of %d signals failed; they are processed one by one", len(taken))
        for signal in taken:
            _alone(signal.id)
    return len(taken)


def _alone(signal_id: int) -> None:
    try:
        with transaction.atomic():
            signal = alerts.claim_one(signal_id)
            if signal is not None:
                _process([signal])
    except Exception as error:
        log.exception("signal %d failed", signal_id)
        alerts.put_off(signal_id, error=f"{type(error).__name__}: {error}")


def _process(signals: Sequence[Waiting]) -> None:
    world = routing.load()
    read = [_read(signal) for signal in signals]
    placed = [_place(item.signal, parsed, world) for item in read for parsed in item.alerts]
    recorded = alerts.record([entry for entry, _ in placed])
    decisions = {(entry.signal_id, entry.parsed.dedup_key): decision for entry, decision in placed}
    _ask(recorded, decisions, _asked_early(read))
    _stop(recorded)
    _declare(recorded, decisions)
    _tell_incidents(recorded)
    _record_changes(read, world)
    alerts.note_problems([problem for item in read for problem in item.problems])
    alerts.finish(
        _notes(read, recorded),
        keys={item.signal.id: item.alerts[0].dedup_key for item in read if item.alerts},
        poisonous=[item.signal.id for item in read if item.poison],
    )


# Understanding


@dataclass(frozen=True, slots=True)
class _Read:
    signal: Waiting
    alerts: list[Parsed] = field(default_factory=list)
    change: ParsedChange | None = None
    poison: str = ""
    note: str = ""

    @property
    def problems(self) -> list[tuple[int, int, str]]:
        texts = [text for parsed in self.alerts for text in parsed.problems]
        return [(self.signal.integration_id, self.signal.id, text) for text in [*texts, self.poison] if text]


def _read(signal: Waiting) -> _Read:
    """What a signal says. One that cannot be understood, or failed too often, becomes an alert that says so."""
    if signal.attempts >= POISON_AFTER:
        return _poison(signal, "It failed again and again while it was processed.")
    try:
        if signal.kind == parsers.CHANGE:
            return _Read(signal, change=pagerduty.parse_change(signal.body))
        found = parsers.parse(signal.kind, signal.body, source=signal.source, given_key=signal.dedup_key)
    except Unreadable as error:
        return _poison(signal, str(error))
    return _Read(signal, found, note="" if found else NOTHING)


def _poison(signal: Waiting, why: str) -> _Read:
    return _Read(signal, [parsers.not_understood(signal.source, signal.body, why)], poison=why, note=why)


# Routing


def _place(signal: Waiting, parsed: Parsed, world: Map) -> tuple[Entry, Decision]:
    decision = _decide(signal, parsed, world)
    entry = Entry(
        signal_id=signal.id,
        integration_id=signal.integration_id,
        parsed=parsed,
        service_id=decision.service_id,
        urgency=decision.urgency,
        routed_by=decision.why,
        nature=decision.nature,
        # Whom break-glass has asked already is not left alone with it.
        not_paged="" if signal.asked_early is not None else decision.not_paged,
        is_quiet=signal.kind == CANARY,
    )
    return entry, decision


def _decide(signal: Waiting, parsed: Parsed, world: Map) -> Decision:
    if signal.attempts > POISON_AFTER:
        return Decision(None, None, "high", "routing failed: every admin is asked")
    decision = decide(
        routing.subject(
            parsed,
            integration_id=signal.integration_id,
            service_id=signal.service_id,
            source=signal.source,
        ),
        world,
    )
    return TEST if signal.kind == CANARY else decision


# Asking people, or stopping


def _ask(
    recorded: Sequence[Recorded],
    decisions: dict[tuple[int, str], Decision],
    early: dict[tuple[int, str], escalation.Early],
) -> None:
    starts = [
        escalation.Start(
            alert_id=item.alert_id,
            incident_id=None,
            policy_id=decisions[item.entry.signal_id, item.entry.parsed.dedup_key].policy_id,
            urgency=item.entry.urgency,
            message=item.entry.parsed.title,
            actor_id=None,
            plan=CANARY_PLAN if item.entry.is_quiet else None,
            early=early.get((item.entry.integration_id, item.entry.parsed.dedup_key)),
        )
        for item in recorded
        if item.change is Change.OPENED and item.alert_id is not None and not item.entry.not_paged
    ]
    if starts:
        escalation.start_many(starts)


def _declare(recorded: Sequence[Recorded], decisions: dict[tuple[int, str], Decision]) -> None:
    """Say which new alerts a route makes incidents: it is done afterwards, so that nobody is woken later for it."""
    facts: list[object] = []
    for item in recorded:
        found = decisions[item.entry.signal_id, item.entry.parsed.dedup_key]
        opened = item.change is Change.OPENED and item.alert_id is not None
        if opened and found.declares_id is not None and found.rule_id is not None:
            facts.append(AlertDeclares(item.alert_id or 0, found.declares_id, found.rule_id))
    if facts:
        bus.emit_all(facts)


def _asked_early(read: Sequence[_Read]) -> dict[tuple[int, str], escalation.Early]:
    """Whom break-glass has paged about each alert while its signals still lay in the spool."""
    return {
        (item.signal.integration_id, parsed.dedup_key): escalation.Early.of(item.signal.asked_early)
        for item in read
        if item.signal.asked_early is not None
        for parsed in item.alerts
    }


def _stop(recorded: Sequence[Recorded]) -> None:
    for change in (Change.ACKNOWLEDGED, Change.RESOLVED):
        ids = [item.alert_id for item in recorded if item.change is change and item.alert_id is not None]
        if ids:
            escalation.end_many(ids, resolved=change is Change.RESOLVED)


def _tell_incidents(recorded: Sequence[Recorded]) -> None:
    ended = [
        item
        for item in recorded
        if item.incident_id and item.change in (Change.ACKNOWLEDGED, Change.RESOLVED)
    ]
    incidents = Incident.objects.in_bulk([item.incident_id for item in ended]) if ended else {}
    for item in ended:
        lifecycle.add_entry(
            incidents[item.incident_id],
            kind=EntryKind.ALERT,
            text=f"Alert {item.change} by its source: {item.title}",
            data={"alert_id": item.alert_id},
        )


def _record_changes(read: Sequence[_Read], world: Map) -> None:
    """Change events never ask anybody: they are what people look at first when something breaks."""
    for item in read:
        if item.change is None:
            continue
        named = item.signal.service_id or world.services.get(slug(item.change.service))
        service = Service.objects.filter(pk=named).first() if named is not None else None
        if service is None:
            alerts.note_problems([(item.signal.integration_id, item.signal.id, NO_SERVICE)])
        else:
            production.record_change(
                service=service,
                kind=item.change.kind if item.change.kind in ChangeKind.values else ChangeKind.DEPLOY,
                summary=item.change.summary,
                at=item.change.at,
                previous=item.change.previous,
                version=item.change.version,
                by=item.change.by,
                url=item.change.url,
                external_id=item.change.external_id,
                source=item.change.source or item.signal.source,
            )


# What people read about a signal


def _notes(read: Sequence[_Read], recorded: Sequence[Recorded]) -> dict[int, str]:
    dropped = {item.entry.signal_id for item in recorded if item.change is Change.DROPPED}
    used = {item.entry.signal_id for item in recorded if item.change is not Change.DROPPED}
    return {
        item.signal.id: item.note or (DROPPED if item.signal.id in dropped - used else "") for item in read
    }
