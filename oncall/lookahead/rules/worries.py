"""What can be wrong with a schedule that is still to come, and when its owners hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncall.schedules.rules.layers import Layer
    from oncall.schedules.rules.resolver import Slice

DAYS_AHEAD = 14
WARNED_DAYS = (1, 3, 14)
"""So many days ahead the owners are warned, once each."""

STANDING = "standing"
"""Ends the key of what began before anything that is known."""


class Kind(StrEnum):
    """What is the matter; the value is what programs read."""

    GAP = "gap"
    AWAY = "away_on_call"
    DOUBLE = "double_duty"
    LONG = "too_long_on_call"
    REST = "too_little_rest"
    FEW = "too_few_people"
    LENGTH = "turn_length"
    UNREACHABLE = "no_contact_method"
    UNUSED = "no_policy"
    UNREAD = "calendar_unread"
    NIGHTS = "hard_nights"
    UNPAID = "no_compensation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many people a rotation should have, how many days somebody has it at most, and the rest between shifts."""

    people: int = 6
    days: int = 7
    rest_hours: int = 11

    @property
    def said(self) -> str:
        """The three in one, for a form to say what its author has seen."""
        return f"{self.people}/{self.days}/{self.rest_hours}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A schedule as it will be, from some time back on: who is on call when, by which rotations, for which policies."""

    id: int
    name: str
    zone: tzinfo
    slices: tuple[Slice, ...]
    layers: tuple[Layer, ...] = ()
    policies: Mapping[int, str]
    is_informal: bool = False
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is looked at: what begins or still lasts in [now, until) is told; known is [since, known_until)."""

    now: datetime
    until: datetime
    since: datetime
    known_until: datetime

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether some of a stretch is still to come within the window."""
        return start < self.until and end > self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Worry:
    """One thing that is wrong with a schedule: in a sentence, why, and what mends it. `key` tells it apart for ever.

    It `start`s now where it is so already. Only one `is_mailed` is told by mail.
    """

    kind: Kind
    key: str
    text: str
    reason: str
    fix: str
    start: datetime
    end: datetime | None = None
    users: tuple[int, ...] = ()
    is_grave: bool = False
    is_mailed: bool = True


def begin_of(start: datetime, window: Window) -> str:
    """Tell apart by its begin. What began before anything that is known has none that stays the same."""
    return STANDING if start <= window.since else start.isoformat()


def stem_of(key: str) -> str:
    """A key without the begin that it ends in: what it is of whom."""
    return key.partition("@")[0]


def warned_at(start: datetime, *, now: datetime) -> int | None:
    """Give how many days ahead a warning of this moment is: 1, 3 or 14; None where it is too early for any."""
    return next((days for days in WARNED_DAYS if start - now <= timedelta(days=days)), None)


def clock(moment: datetime, zone: tzinfo) -> str:
    """A moment as people say it, in a zone."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def stretch(start: datetime, end: datetime, zone: tzinfo, *, now: datetime) -> str:
    """A stretch in words: from when to when, or until when where it has begun."""
    until = clock(end, zone)
    return f"until {until}" if start <= now else f"from {clock(start, zone)} to {until}"


def in_order(worries: list[Worry]) -> list[Worry]:
    """Sort: what is grave first, then the soonest."""
    return sorted(worries, key=lambda each: (not each.is_grave, each.start, each.kind, each.key))
