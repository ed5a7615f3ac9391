"""States of components: which is worse, what the page says in one line, and the bars of the last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class State(StrEnum):
    OPERATIONAL = "operational"
    MAINTENANCE = "under_maintenance"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"


# From best to worst.
ORDER = (State.OPERATIONAL, State.MAINTENANCE, State.DEGRADED, State.PARTIAL, State.MAJOR)

# Indicator and words of Statuspage's status.json (compatibility: clients know only these).
INDICATORS: dict[State, tuple[str, str]] = {
    State.OPERATIONAL: ("none", "All Systems Operational"),
    State.MAINTENANCE: ("maintenance", "Service Under Maintenance"),
    State.DEGRADED: ("minor", "Partially Degraded Service"),
    State.PARTIAL: ("major", "Partial System Outage"),
    State.MAJOR: ("critical", "Major Service Outage"),
}

# How much of a day in a state counts as down, for the percentage beside the bars.
DOWN_SHARE: dict[State, float] = {State.PARTIAL: 0.3, State.MAJOR: 1.0}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in one state, half open, in UTC; `end` None goes on."""

    state: State
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    on: date
    state: State | None
    """The worst state of the day; None before the component existed."""


@dataclass(frozen=True, slots=True)
class History:
    days: tuple[Day, ...]
    uptime: float | None
    """Percent of the time since the component exists that it was up; None before its first minute."""


def worst(states: Sequence[State]) -> State:
    """The worst of several states; operational for none."""
    return max(states, key=ORDER.index, default=State.OPERATIONAL)


def indicator(states: Sequence[State]) -> tuple[str, str]:
    """Statuspage's indicator and description for a page with components in these states."""
    return INDICATORS[worst(states)]


def history(spans: Sequence[Span], *, since: datetime, now: datetime, days: int, zone: ZoneInfo) -> History:
    """The last `days` days in `zone` up to today, oldest first, and the share of time that it was up."""
    today = now.astimezone(zone).date()
    rows = [
        _day(spans, today - timedelta(days=back), since=since, now=now, zone=zone)
        for back in range(days - 1, -1, -1)
    ]
    window_start = max(since, _midnight(today - timedelta(days=days - 1), zone))
    total = (now - window_start).total_seconds()
    if total <= 0:
        return History(tuple(rows), None)
    down = sum(DOWN_SHARE.get(span.state, 0.0) * _overlap(span, window_start, now) for span in spans)
    return History(tuple(rows), 100 * max(0.0, 1 - down / total))


def _day(spans: Sequence[Span], on: date, *, since: datetime, now: datetime, zone: ZoneInfo) -> Day:
    start, end = _midnight(on, zone), min(_midnight(on + timedelta(days=1), zone), now)
    if end <= since:
        return Day(on, None)
    return Day(on, worst([span.state for span in spans if _overlap(span, start, end) > 0]))


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), zone).astimezone(ZoneInfo("UTC"))


def _overlap(span: Span, start: datetime, end: datetime) -> float:
    """Seconds that a span and [start, end) share."""
    return max(0.0, (min(span.end or end, end) - max(span.start, start)).total_seconds())
