"""What the watch over paging tells the others. Past tense; documented in docs/events.md."""

from __future__ import annotations

from dataclasses import dataclass

from core.events.bus import event


@event("alarm.raised")
@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Something is wrong with paging itself, and the admins are told; `check` is what saw it."""

    alarm_id: int
    check: str
    text: str


@event("alarm.cleared")
@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """What was wrong with paging has been well for five minutes."""

    alarm_id: int
    check: str
