"""What a task tells by itself: which steps are done without a press, who has too much at once, when it is due."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AT_ONCE = 1
"""One open task per person: who has two does neither (R056)."""

SHORTEST, LONGEST = timedelta(0), timedelta(days=30)


class Occasion(StrEnum):
    """When a checklist comes up by itself."""

    DECLARED = "declared"
    RESOLVED = "resolved"
    BY_HAND = "by_hand"


class Fact(StrEnum):
    """Something the room knows, by which a step of a checklist is done without a press."""

    DECLARED = "declared"
    TAKEN = "taken"
    ROLES = "roles"
    TOLD = "told"


_NAMED = re.compile(r"(?<![\w.@])@(\w[\w.-]*\w|\w)")
_END = re.compile(r"[.!?](?=\s|$)|\n")
_WITHIN = re.compile(
    r"\b(?:in|within) (\d{1,4}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b", re.IGNORECASE
)
_UNITS = {"s": 1, "m": 60, "h": 3600}
MOST_ASKED = 5
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Ask:
    """What a note asks of somebody by name: `@bob initiate rollback in 60 seconds`."""

    name: str
    what: str
    within: timedelta | None

    @property
    def is_question(self) -> bool:
        """Whether an answer is wanted and nothing else."""
        return self.what.endswith("?")


def asks(text: str) -> list[Ask]:
    """Give what a note asks of whom: the rest of the sentence after each @name. A name alone asks for nothing."""
    found = []
    for match in _NAMED.finditer(text):
        rest = text[match.end() :]
        following = _NAMED.search(rest)
        end = _END.search(rest)
        stop = min(end.end() if end else len(rest), following.start() if following else len(rest))
        what = rest[:stop].strip().lstrip(",:;- ").strip()
        what = what if what.endswith("?") else what.rstrip(".!,; ")
        if re.search(r"\w", what):
            found.append(Ask(match[1], what[:1].upper() + what[1:LONGEST_TITLE], _within(what)))
    return found[:MOST_ASKED]


def _within(what: str) -> timedelta | None:
    found = _WITHIN.search(what)
    span = timedelta(seconds=int(found[1]) * _UNITS[found[2][0].lower()]) if found else SHORTEST
    return span if SHORTEST < span <= LONGEST else None


@dataclass(frozen=True, slots=True)
class Known:
    """What the room knows of an incident."""

    is_taken: bool
    missing_roles: Sequence[str]
    is_commanded: bool
    is_told: bool

    @property
    def facts(self) -> frozenset[Fact]:
        """Name the facts that hold: it is declared, somebody took it, its roles are filled, people were told."""
        held = {
            Fact.DECLARED: True,
            Fact.TAKEN: self.is_taken or self.is_commanded,
            Fact.ROLES: self.is_commanded and not self.missing_roles,
            Fact.TOLD: self.is_told,
        }
        return frozenset(fact for fact, holds in held.items() if holds)


def overloaded(assignees: Iterable[int | None]) -> dict[int, int]:
    """Give who has more than one open task, with how many; `assignees` names each open task's, None for nobody's."""
    return {user: count for user, count in Counter(assignees).items() if user is not None and count > AT_ONCE}


def sensible_due(due: datetime, *, at: datetime) -> bool:
    """Say whether a due time is neither past nor further away than anybody plans in an incident."""
    return SHORTEST < due - at <= LONGEST


@dataclass(frozen=True, slots=True)
class Count:
    """How many of some tasks are done."""

    done: int
    all: int

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left."""
        return self.done == self.all


def count(states: Iterable[str]) -> Count:
    """Count tasks by their states; a dropped one counts for nothing."""
    found = Counter(states)
    return Count(found["done"], found["done"] + found["open"])
