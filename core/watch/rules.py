"""What the watchers found, how bad it is, and how all of it is said in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Grade(StrEnum):
    """How a look came out. `warn` wants somebody by day, `bad` wants somebody now."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be: what it is, since when, and its page, if it has one."""

    what: str
    since: datetime | None = None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look saw: in a sentence, and unless it was good what to do and the things it is about."""

    grade: Grade
    text: str
    advice: str = ""
    findings: tuple[Finding, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading under the name of its check."""

    name: str
    title: str
    reading: Reading
    alarms: bool = True


AWAY = Reading(
    grade=Grade.BAD,
    text="Postgres does not answer: nobody is paged until it does.",
    advice="Start it; manage.py doctor says why it does not answer.",
)
_RANKS = {Grade.BAD: 0, Grade.WARN: 1, Grade.GOOD: 2}


def worst(grades: Iterable[Grade]) -> Grade:
    """Give the worst of some grades, good where there is none."""
    return min(grades, key=_RANKS.__getitem__, default=Grade.GOOD)


def verdict(seen: Sequence[Seen]) -> str:
    """Say in a sentence or two whether people can rely on being paged."""
    bad = [each.reading.text for each in seen if each.reading.grade is Grade.BAD]
    warned = sum(each.reading.grade is Grade.WARN for each in seen)
    if len(bad) > 1:
        return f"Act now. {bad[0]} {len(bad) - 1} more below."
    if bad:
        return f"Act now. {bad[0]}"
    if warned:
        return f"Paging works. {_count(warned)} attention soon."
    return "Paging is healthy."


def self_status(grade: Grade, seen: Iterable[Seen], *, at: datetime) -> dict[str, Any]:
    """Give what anybody may read of it: how each check came out and when, and of nothing what it is about."""
    return {
        "status": grade.value,
        "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "checks": {each.name: each.reading.grade.value for each in seen},
    }


def worst_first(seen: Iterable[Seen]) -> list[Seen]:
    """Put what is wrong before what is well, each in its own order."""
    return sorted(seen, key=lambda each: _RANKS[each.reading.grade])


def listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(number: int) -> str:
    return "One thing wants" if number == 1 else f"{number} things want"


def counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def spell(seconds: float) -> str:
    """Write a time of waiting as a person says it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
