"""For how long an alert can be left alone with one press."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

MORNING = time(9)
SATURDAY = 5


class Span(StrEnum):
    """What the alert's page offers; the API takes any number of seconds."""

    QUARTER = "900"
    HOUR = "3600"
    MORNING = "morning"


LABELS = {
    Span.QUARTER: "For 15 minutes",
    Span.HOUR: "For 1 hour",
    Span.MORNING: "Until the next working morning",
}


def ends_at(span: Span, *, at: datetime, zone: tzinfo) -> datetime:
    """Give when a snooze that begins at an instant is over; the morning is the person's own."""
    if span is Span.MORNING:
        return next_working_morning(at, zone=zone)
    return at + timedelta(seconds=int(span))


def next_working_morning(at: datetime, *, zone: tzinfo) -> datetime:
    """Give the first 09:00 of a Monday to Friday after an instant, by the clocks of a zone."""
    local = at.astimezone(zone)
    day = local.date() + timedelta(days=local.time() >= MORNING)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, MORNING, tzinfo=zone)
