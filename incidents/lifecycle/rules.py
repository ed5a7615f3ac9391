"""Which way an incident may go, which of its times each step sets, and when people hear of it next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"


ACTIVE = (Status.TRIAGE, Status.INVESTIGATING, Status.IDENTIFIED, Status.MITIGATING, Status.MONITORING)
ENDED = (Status.RESOLVED, Status.CLOSED)
STAGES = (*ACTIVE[1:], Status.RESOLVED)
ORDER = {status: place for place, status in enumerate(Status)}

TECHNICAL = "tech-lead"
"""The role that nobody should hold beside command at the upper levels."""

# Mitigation may come before diagnosis (R047): among the active states every step is allowed.
ALLOWED: dict[Status, frozenset[Status]] = {
    **{status: frozenset({*ACTIVE, Status.RESOLVED} - {status, Status.TRIAGE}) for status in ACTIVE},
    Status.RESOLVED: frozenset({Status.CLOSED, Status.INVESTIGATING}),
    Status.CLOSED: frozenset({Status.INVESTIGATING}),
}

# The time that entering a state sets, where it is not set yet.
SETS: dict[Status, str] = {
    Status.IDENTIFIED: "identified_at",
    Status.MONITORING: "mitigated_at",
    Status.RESOLVED: "resolved_at",
    Status.CLOSED: "closed_at",
}

TIMES = (
    "started_at",
    "detected_at",
    "acknowledged_at",
    "declared_at",
    "identified_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
)
NAMES = {
    "started_at": "Impact began",
    "detected_at": "Detected",
    "acknowledged_at": "Acknowledged",
    "declared_at": "Declared",
    "identified_at": "Cause identified",
    "mitigated_at": "Mitigated",
    "resolved_at": "Resolved",
    "closed_at": "Closed",
}
_IN_ORDER = (
    ("started_at", "identified_at"),
    ("started_at", "mitigated_at"),
    ("started_at", "resolved_at"),
    ("declared_at", "resolved_at"),
    ("declared_at", "closed_at"),
    ("mitigated_at", "resolved_at"),
    ("resolved_at", "closed_at"),
)


def can_move(old: Status, new: Status) -> bool:
    """Say whether an incident may go from one state to another."""
    return new in ALLOWED[old]


def clears(old: Status, new: Status) -> tuple[str, ...]:
    """Name the times that are no longer true after a step back: what did not hold was not mitigated."""
    if new not in ACTIVE:
        return ()
    if old in ENDED:
        return ("mitigated_at", "resolved_at", "closed_at")
    return ("mitigated_at",) if old is Status.MONITORING else ()


def goes_along(now: Status, told: Status) -> bool:
    """Say whether an incident moves to the stage that an update states: only forward, and not out of an end."""
    return now in ACTIVE and told in STAGES and ORDER[told] > ORDER[now]


def disorder(times: Mapping[str, datetime | None]) -> list[str]:
    """Give a sentence for each pair of times that cannot both be right."""
    wrong = []
    for first, second in _IN_ORDER:
        earlier, later = times.get(first), times.get(second)
        if earlier is not None and later is not None and earlier > later:
            wrong.append(f"“{NAMES[second]}” cannot be before “{NAMES[first]}”.")
    return wrong


def next_due(*, at: datetime, every: int | None, explicit: int | None = None) -> datetime | None:
    """Give when people hear next: the promise made explicitly wins over the rhythm; both in seconds."""
    seconds = explicit or every
    return None if seconds is None else at + timedelta(seconds=seconds)


def due_after_level_change(*, at: datetime, due: datetime | None, every: int | None) -> datetime | None:
    """Give the new due time: a promise once made is kept, a faster rhythm brings it forward; `every` in seconds."""
    return min([time for time in (due, next_due(at=at, every=every)) if time is not None], default=None)


def reminder_at(*, at: datetime, due: datetime) -> datetime | None:
    """Give when to remind before `due`: a fifth of the wait before it, at least 2 minutes; None if that is past."""
    wait = due - at
    soon = due - max(wait / 5, timedelta(minutes=2))
    return soon if soon > at else None


def missing_roles(required: Sequence[str], held: Sequence[str]) -> list[str]:
    """Name the required roles that nobody holds, in the order they are required."""
    return [role for role in required if role not in held]


def same_person_twice(holders: Mapping[str, Sequence[int]]) -> bool:
    """Say whether one person commands and leads the technical work (R077)."""
    return bool(set(holders.get("commander", ())) & set(holders.get(TECHNICAL, ())))


def parse_ref(text: str) -> int | None:
    """Give the number in INC-12, inc-12 or 12; None for anything else."""
    found = re.fullmatch(r"(?:inc-)?([1-9]\d{0,8})", text.strip(), re.IGNORECASE)
    return int(found.group(1)) if found else None


PHASES = ("observe", "orient", "decide", "act")
"""Where in the loop of observing, orienting, deciding and acting an entry belongs (R053)."""

_DECISION = re.compile(r"\s*decision\s*:\s*(?=\S)", re.IGNORECASE)


def without_prefix(text: str) -> str | None:
    """Give what was decided in a note that begins with `Decision:`; None where it is no such note."""
    found = _DECISION.match(text)
    return text[found.end() :].strip() if found else None


def in_full(text: str, said: Mapping[str, Any]) -> str:
    """Write an entry with everything that was said of a decision, in sentences."""
    decision = said.get("decision") or {}
    options = decision.get("options") or []
    parts = [
        text,
        f"Considered: {'; '.join(options)}" if options else "",
        f"Why: {decision['reason']}" if decision.get("reason") else "",
        f"Decided by {decision['decided_by_name']}" if decision.get("decided_by_name") else "",
    ]
    trade, by = decision.get("trade_off"), decision.get("accepted_by")
    if trade or by:
        parts.append(f"Trade-off{f', accepted by {by}' if by else ''}: {trade or 'not written down'}")
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in parts if part) if decision else text


@dataclass(frozen=True, slots=True)
class Facts:
    """What a briefing tells."""

    title: str
    severity: str
    stage: str
    impact: str
    hypothesis: str
    next_decision: str
    decisions: Sequence[str]
    tasks: Sequence[str]
    roles: Sequence[tuple[str, str]]
    next_update: str


def briefing(facts: Facts) -> list[tuple[str, str]]:
    """Say what a new commander needs to know, each line with what it is about; what is unknown says so."""
    return [
        (f"{facts.severity}, {facts.stage}", facts.title),
        ("Customers see", facts.impact or "not written down yet"),
        ("We think", facts.hypothesis or "no hypothesis yet"),
        ("Next decision", facts.next_decision or "none set"),
        ("Next update", facts.next_update or "none due"),
        *facts.roles,
        *(("Decided", decision) for decision in facts.decisions),
        *(("Open task", task) for task in facts.tasks),
    ]


def in_lines(said: Sequence[tuple[str, str]]) -> str:
    """Write a briefing as plain lines."""
    return "\n".join(f"{about}: {words}" for about, words in said)
