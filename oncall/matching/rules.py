"""What must hold of an alert, its urgency and the hour: the conditions of routes, and the branches of policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from math import factorial
from typing import Any
from zoneinfo import ZoneInfo

from oncall.quiet.rules import WEEKDAYS, days_said, instant
from oncall.quiet.rules import said as moment_said

VERBS = {
    "equals": "is",
    "not_equals": "is not",
    "contains": "contains",
    "matches": "matches",
    "exists": "is there",
}
"""Each operator as people read it between a label and its value."""
OPERATORS = tuple(VERBS)
MAX_CONDITIONS = 20
MAX_PATTERN = 200
MAX_SUBJECT = 256
MAX_PATHS = 3_000_000


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of a label."""

    label: str
    op: str
    value: str = ""

    @property
    def verb(self) -> str:
        """The operator as people read it."""
        return VERBS[self.op]

    @property
    def said(self) -> str:
        """The condition in words, as team is payments."""
        return f"{self.label} {self.verb}{f' {self.value}' if self.op != 'exists' else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an alert or an incident; annotations count where no label has the name."""

    urgency: str
    title: str = ""
    severity: str = ""
    source: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def value(self, label: str) -> str | None:
        """What a label says; `title`, `severity` and `source` are always there."""
        if label in self.labels:
            return self.labels[label]
        own = {"title": self.title, "severity": self.severity, "source": self.source}
        return own[label] if own.get(label) else self.annotations.get(label)


def is_true(condition: Condition, value: str | None) -> bool:
    """Whether a condition holds of a label's value, None for a label that is not there."""
    if condition.op == "exists":
        return value is not None
    if condition.op == "not_equals":
        return value != condition.value
    if value is None:
        return False
    if condition.op == "matches":
        return _matches(condition.value, value)
    return condition.value in value if condition.op == "contains" else condition.value == value


_LINE = re.compile(r"""\s*([^\s=:]+)\s*[=:]\s*(["']?)(.*?)\2,?\s*""")


def labels_of(written: str) -> dict[str, str]:
    """Read labels as people write them, one on each line; ValueError with a sentence for the person."""
    labels = {}
    for n, line in enumerate(written.splitlines(), 1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"Line {n} is no label. Write it as: team = payments")
        labels[found[1]] = found[3]
    return labels


class BadPattern(ValueError):
    """A pattern that is wrong, or could take too long; the message is for the person who wrote it."""


def _matches(pattern: str, value: str) -> bool:
    try:
        return compiled(pattern).fullmatch(value[:MAX_SUBJECT]) is not None
    except BadPattern:
        return False


@lru_cache(maxsize=500)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for the whole of a label, as Alertmanager's matchers; raises BadPattern.

    What is allowed is bounded: the ways in which it can be tried against 256 characters are counted beforehand.
    """
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"Use at most {MAX_PATTERN} characters.")
    try:
        ready = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(f"This is no regular expression: {error}.") from error
    if _ways(pattern) > MAX_PATHS:
        raise BadPattern(
            "This pattern could take too long: use at most three of * + {, and neither repeat a group nor look around."
        )
    return ready


_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|\{\d+\}|\{\d*,\d*\}|.", re.DOTALL)


def _ways(pattern: str) -> float:
    """An upper bound of the ways to try a pattern; infinite for what may repeat a group, look around or back."""
    ways, endless, last = 1.0, 0, ""
    alternatives = [1]
    for part in _PART.findall(pattern):
        if part == "(?" or re.match(r"\\\d", part) or (last == ")" and (part in "*+" or part[0] == "{")):
            return float("inf")
        endless += part in "*+" or ("," in part[1:] and part[0] == "{")
        ways *= 2 if part == "?" else 1
        if part in ("(", "(?:"):
            alternatives.append(1)
        elif part == "|":
            alternatives[-1] += 1
        elif part == ")":
            ways *= alternatives.pop()
        last = part
    return ways * alternatives[0] * float(MAX_SUBJECT**endless) / factorial(endless)


def check(conditions: object) -> list[Condition]:
    """The conditions of a route as they were entered; raises ValueError with a sentence for the person."""
    if not isinstance(conditions, list) or len(conditions) > MAX_CONDITIONS:
        raise ValueError(f"Give a list of at most {MAX_CONDITIONS} conditions.")
    return [_checked(item) for item in conditions]


def _checked(item: object) -> Condition:
    if not isinstance(item, Mapping) or not isinstance(item.get("label"), str) or not item["label"].strip():
        raise ValueError("Each condition needs a label.")
    op, value = item.get("op", "equals"), item.get("value", "")
    if op not in OPERATORS:
        raise ValueError(f"“{op}” is no operator; use one of {', '.join(OPERATORS)}.")
    if not isinstance(value, str) or (not value and op not in ("exists", "equals", "not_equals")):
        raise ValueError(f"The condition on {item['label']} needs a value.")
    if op == "matches":
        compiled(value)
    return Condition(item["label"].strip(), op, value)


# Branches


WORKDAYS, WORK_BEGINS, WORK_ENDS = frozenset(range(5)), time(9), time(17)


class Hours(StrEnum):
    """How a branch stands to working hours: asked only in them, only outside of them, or low urgency waits for them."""

    IN = "in"
    OUTSIDE = "outside"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From `start` until `end` of the same day, on these weekdays (0 is Monday), by the clocks of a zone."""

    weekdays: frozenset[int]
    start: time
    end: time
    zone: str

    def covers(self, at: datetime) -> bool:
        """Whether an instant lies in them."""
        local = at.astimezone(ZoneInfo(self.zone))
        return local.weekday() in self.weekdays and self.start <= local.time() < self.end

    def begins_after(self, at: datetime) -> datetime:
        """Give when they begin next, after an instant outside of them."""
        zone = ZoneInfo(self.zone)
        today = at.astimezone(zone).date()
        days = (today + timedelta(days=n) for n in range(9))
        starts = (instant(day, self.start, zone) for day in days if day.weekday() in self.weekdays)
        return next(start for start in starts if start > at)

    @property
    def said(self) -> str:
        """These hours in words."""
        return f"{days_said(self.weekdays)} {self.start:%H:%M} to {self.end:%H:%M} ({self.zone})"


def is_out_of_hours(at: datetime, *, zone: str) -> bool:
    """Say whether an instant lies outside of Monday to Friday, 09:00 to 17:00, by the clocks of a person's zone."""
    try:
        return not WorkingHours(WORKDAYS, WORK_BEGINS, WORK_ENDS, zone).covers(at)
    except (KeyError, ValueError, OSError):
        return not WorkingHours(WORKDAYS, WORK_BEGINS, WORK_ENDS, "UTC").covers(at)


@dataclass(frozen=True, slots=True)
class Branch:
    """What must hold for a level to be asked: the urgency, all conditions, and how it stands to working hours."""

    urgency: str = ""
    conditions: tuple[Condition, ...] = ()
    hours: WorkingHours | None = None
    how: Hours = Hours.IN

    @property
    def said(self) -> str:
        """What must hold, in words."""
        parts = [f"for {self.urgency} urgency"] if self.urgency else []
        if self.conditions:
            parts.append(f"when {' and '.join(condition.said for condition in self.conditions)}")
        if self.hours is not None:
            front = {Hours.IN: "only", Hours.OUTSIDE: "not", Hours.WAIT: "low urgency waits for"}[self.how]
            parts.append(f"{front} {self.hours.said}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a level is asked, and why not: it is skipped, or (`until`) waits."""

    taken: bool
    why: str = ""
    until: datetime | None = None


TAKEN = Verdict(taken=True)


def judge(branch: Branch | None, facts: Facts, *, at: datetime) -> Verdict:
    """Say whether a level is asked at an instant; high urgency never waits for working hours."""
    if branch is None:
        return TAKEN
    if branch.urgency and branch.urgency != facts.urgency:
        return Verdict(taken=False, why=f"It is for {branch.urgency} urgency only")
    for condition in branch.conditions:
        if not is_true(condition, found := facts.value(condition.label)):
            seen = "is not there" if found is None else f"is {found[:60] or 'empty'}"
            return Verdict(
                taken=False, why=f"It is asked when {condition.said}, and {condition.label} {seen}"
            )
    return TAKEN if branch.hours is None else _by_the_clock(branch.hours, branch.how, facts, at)


def _by_the_clock(hours: WorkingHours, how: Hours, facts: Facts, at: datetime) -> Verdict:
    inside = hours.covers(at)
    if how is Hours.OUTSIDE:
        return Verdict(taken=False, why=f"It is not asked {hours.said}") if inside else TAKEN
    if inside or (how is Hours.WAIT and facts.urgency != "low"):
        return TAKEN
    if how is Hours.IN:
        return Verdict(taken=False, why=f"It is asked only {hours.said}")
    until = hours.begins_after(at)
    said = moment_said(until, zone=ZoneInfo(hours.zone))
    return Verdict(taken=False, why=f"Low urgency waits for working hours until {said}", until=until)


def branch_to_json(branch: Branch) -> dict[str, Any]:
    """Give a branch as it is stored, and as the API has it."""
    hours = branch.hours
    return {
        "urgency": branch.urgency,
        "match": [asdict(condition) for condition in branch.conditions],
        "hours": None
        if hours is None
        else {
            "weekdays": [WEEKDAYS[day].lower() for day in sorted(hours.weekdays)],
            "from": f"{hours.start:%H:%M}",
            "to": f"{hours.end:%H:%M}",
            "zone": hours.zone,
            "how": branch.how.value,
        },
    }


def branch_from_json(stored: Mapping[str, Any] | None) -> Branch | None:
    """Read a branch; ValueError with a sentence for the person where it is none. None and an empty one are None."""
    if not stored:
        return None
    urgency = stored.get("urgency") or ""
    if urgency not in ("", "high", "low"):
        raise ValueError("The urgency is high or low.")
    conditions = tuple(check(stored.get("match") or []))
    hours = stored.get("hours")
    if not (urgency or conditions or hours):
        return None
    if not hours:
        return Branch(urgency, conditions)
    return Branch(urgency, conditions, working_hours(hours), Hours(hours.get("how", Hours.IN)))


def working_hours(stored: Mapping[str, Any]) -> WorkingHours:
    """Read working hours; ValueError with a sentence for the person where they are none."""
    names = [day.lower() for day in WEEKDAYS]
    try:
        days = frozenset(names.index(day) for day in stored["weekdays"])
        start, end = time.fromisoformat(stored["from"]), time.fromisoformat(stored["to"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("Give weekdays, and from and to as 09:00.") from error
    try:
        zone = ZoneInfo(str(stored["zone"])).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("Give a time zone, as Europe/Berlin.") from error
    if not days:
        raise ValueError("Choose at least one weekday.")
    if start >= end:
        raise ValueError("Working hours end later on the same day than they begin.")
    return WorkingHours(days, start, end, zone)
