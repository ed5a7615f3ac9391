"""What on-call tells the others. Past tense; ids and the values a listener needs; documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("alert.received")
@dataclass(frozen=True, slots=True)
class AlertReceived:
    """A new alert was opened (repeats only raise its count)."""

    alert_id: int
    service_id: int | None
    urgency: str


@event("alert.acknowledged")
@dataclass(frozen=True, slots=True)
class AlertAcknowledged:
    """A person took the alert; `seconds` since it was opened."""

    alert_id: int
    incident_id: int | None
    user_id: int | None
    seconds: int


@event("alert.unacknowledged")
@dataclass(frozen=True, slots=True)
class AlertUnacknowledged:
    """Nobody has the alert any more; escalation starts again."""

    alert_id: int
    incident_id: int | None


@event("alert.resolved")
@dataclass(frozen=True, slots=True)
class AlertResolved:
    """The source or a person said that it is over."""

    alert_id: int
    incident_id: int | None
    by_source: bool


@event("page.sent")
@dataclass(frozen=True, slots=True)
class PageSent:
    """The first message of a page was accepted by its channel."""

    page_id: int
    user_id: int
    alert_id: int | None
    incident_id: int | None
    channel: str


@event("page.failed")
@dataclass(frozen=True, slots=True)
class PageFailed:
    """A page ended without reaching its person: failed, expired, unknown, or a level that resolved to nobody."""

    page_id: int
    user_id: int | None
    alert_id: int | None
    incident_id: int | None
    status: str
    reason: str


@event("escalation.exhausted")
@dataclass(frozen=True, slots=True)
class EscalationExhausted:
    """Every level was asked as often as the policy says and nobody acknowledged."""

    escalation_id: int
    alert_id: int | None
    incident_id: int | None


@event("schedule.changed")
@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """Layers or overrides of a schedule changed, from `effective_at` on."""

    schedule_id: int
    effective_at: str
    summary: str
