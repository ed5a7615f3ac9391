"""What may be worth a talk once an incident is over: of how it was run, never of who ran it.

Each remark is a known way in which a response loses time: help that is asked for late (004 "Pitfall 2"), a commander who
is silent or none at all (004 "Pitfall 1", 002 "Anti-patterns"), promises of a word that were not kept (001 "Silence reads
as chaos"), and an end that was said too early (001 "No premature resolved").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LATE = timedelta(hours=1)
"""Help that was asked for so long after the beginning came late."""
SOON = timedelta(minutes=15)
"""Who was asked so shortly before it was identified was who helped."""
UNLED = timedelta(minutes=5)
"""A shorter time without a commander is a hand-over."""


class Kind(StrEnum):
    HELP_CAME_LATE = "help_came_late"
    NO_PROGRESS = "no_progress"
    NOBODY_COMMANDED = "nobody_commanded"
    COMMANDER_SILENT = "commander_silent"
    UPDATES_LATE = "updates_late"
    ENDED_TOO_EARLY = "ended_too_early"


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked to come, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the timeline has. `commanded` is from when until when somebody did; None: until the end."""

    declared_at: datetime
    identified_at: datetime | None
    ended_at: datetime
    asked: Sequence[Asked]
    unheard: int
    silent: int
    late_updates: int
    ends: int
    commanded: Sequence[tuple[datetime, datetime | None]]


@dataclass(frozen=True, slots=True)
class Remark:
    """One of them: how often, and how long in all, where that says something."""

    kind: Kind
    count: int = 0
    lasted: timedelta | None = None
    name: str = ""
    then: timedelta | None = None


def remarks(facts: Facts) -> list[Remark]:
    """Give what may be worth a talk, in the order in which it usually costs time."""
    found = [late_help(facts)]
    found += [Remark(Kind.NO_PROGRESS, facts.unheard)] if facts.unheard else []
    unled = without_command(facts)
    found += [Remark(Kind.NOBODY_COMMANDED, lasted=unled)] if unled >= UNLED else []
    found += [Remark(Kind.COMMANDER_SILENT, facts.silent)] if facts.silent else []
    found += [Remark(Kind.UPDATES_LATE, facts.late_updates)] if facts.late_updates else []
    found += [Remark(Kind.ENDED_TOO_EARLY, facts.ends)] if facts.ends > 1 else []
    return [each for each in found if each is not None]


def late_help(facts: Facts) -> Remark | None:
    """Say whose page came late: long after the beginning, and shortly before it was identified."""
    if facts.identified_at is None:
        return None
    for one in sorted(facts.asked, key=lambda one: one.at):
        then = facts.identified_at - one.at
        if one.at - facts.declared_at >= LATE and timedelta(0) <= then <= SOON:
            return Remark(Kind.HELP_CAME_LATE, lasted=one.at - facts.declared_at, name=one.name, then=then)
    return None


def without_command(facts: Facts) -> timedelta:
    """How long nobody commanded while it was open, all stretches together."""
    missing, free_from = timedelta(0), facts.declared_at
    for begin, end in sorted(facts.commanded, key=lambda stretch: stretch[0]):
        missing += max(timedelta(0), min(begin, facts.ended_at) - free_from)
        free_from = max(free_from, min(end or facts.ended_at, facts.ended_at))
    return missing + max(timedelta(0), facts.ended_at - free_from)
