"""Which way an incident may go, and which of its times each step sets."""

from enum import StrEnum


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


def can_move(old: Status, new: Status) -> bool:
    """Say whether an incident may go from one state to another."""
    return new in ALLOWED[old]
