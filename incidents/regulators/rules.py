"""When a report to an authority is due, and when somebody is reminded of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def due(aware_at: datetime, within_seconds: int) -> datetime:
    """Give when a report is due that counts from when somebody knew, in UTC: hours that pass, over a clock change too."""
    return aware_at.astimezone(UTC) + timedelta(seconds=within_seconds)


def reminders(
    aware_at: datetime, due_at: datetime, percent: Sequence[int], *, at: datetime
) -> list[tuple[int, datetime]]:
    """Give when to remind, each with its share of the time in percent; 100 is the end. What has passed is said now."""
    begun = aware_at.astimezone(UTC)
    span = due_at.astimezone(UTC) - begun
    shares = [(share, begun + span * share / 100) for share in sorted({*percent, 100})]
    ahead = [(share, when) for share, when in shares if when > at]
    passed = [share for share, when in shares if when <= at]
    return [(passed[-1], at), *ahead] if passed else ahead


def left(seconds: float) -> str:
    """Write how much time is left, or by how much it is late, as people say it."""
    size = abs(seconds)
    if size >= 2 * 86400:
        words = f"{int(size // 86400)} days"
    elif size >= 2 * 3600:
        words = f"{int(size // 3600)} hours"
    else:
        words = f"{max(1, int(size // 60))} min"
    return f"{words} left" if seconds > 0 else f"{words} late"
