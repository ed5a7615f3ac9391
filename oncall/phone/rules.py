"""What the page on a phone is, at an instant: waiting for its person, theirs, somebody else's, or over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

UNDO = timedelta(seconds=60)
GONE = timedelta(days=30)
"""So long after it ended an address shows nothing any more."""


class State(StrEnum):
    """`passed` is still nobody's, but others are asked now; `exhausted` is nobody's and all were asked.

    `declined` is a page by hand to which its person said no; `counted` was acknowledged by its person, and others
    have to as well.
    """

    WAITING = "waiting"
    PASSED = "passed"
    EXHAUSTED = "exhausted"
    MINE = "mine"
    TAKEN = "taken"
    SNOOZED = "snoozed"
    OVER = "over"
    DECLINED = "declined"
    COUNTED = "counted"
    TEST = "test"
    TESTED = "tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides it: `status` is the escalation's, "" for a test page; `holder_id` has acknowledged it.

    `is_counted` says that its person is one of several who have to and did.
    """

    status: str
    person_id: int | None
    holder_id: int | None = None
    is_acknowledged: bool = False
    is_declined: bool = False
    is_counted: bool = False
    is_open: bool = True
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None


NOBODYS = (State.WAITING, State.PASSED, State.EXHAUSTED, State.TEST)
"""The states in which acknowledging does something."""

HELD = (State.MINE, State.COUNTED)
"""The states in which its person has acknowledged."""

_HELD = {"acknowledged": State.MINE, "escalating": State.COUNTED, "exhausted": State.COUNTED}
_OF = {
    "acknowledged": State.TAKEN,
    "snoozed": State.SNOOZED,
    "closed": State.OVER,
    "exhausted": State.EXHAUSTED,
}


def state(facts: Facts) -> State:
    """Give the state of a page."""
    if not facts.status:
        return State.TESTED if facts.is_acknowledged else State.TEST
    if facts.is_declined:
        return State.DECLINED
    is_holder = facts.holder_id is not None and facts.holder_id == facts.person_id
    if (is_holder or facts.is_counted) and facts.status in _HELD:
        return _HELD[facts.status]
    if facts.status == "escalating":
        return State.WAITING if facts.is_open else State.PASSED
    return _OF[facts.status]


def undo_until(facts: Facts, *, now: datetime) -> datetime | None:
    """Give until when an acknowledgement can be taken back with one press, None where it cannot (any more)."""
    if state(facts) not in HELD or facts.acknowledged_at is None:
        return None
    until = facts.acknowledged_at + UNDO
    return until if until > now else None


def is_gone(facts: Facts, *, now: datetime) -> bool:
    """Say whether a page ended so long ago that its address shows nothing."""
    ended = state(facts) in (State.OVER, State.DECLINED, State.TESTED)
    return ended and facts.ended_at is not None and now - facts.ended_at > GONE
