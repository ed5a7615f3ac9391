"""Where an alert belongs: the first route that holds decides; what it leaves open follows from the service.

Nothing is dropped for want of a route: the source's own service, a label that names a service, the default policy
and at last a plan that asks every admin stand behind it, and the reason is kept in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import factorial

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
SERVICE_LABELS = ("service", "component", "service_name", "app")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A route as the decision sees it. Without conditions it holds for everything."""

    id: int
    name: str
    conditions: Sequence[Condition] = ()
    integration_id: int | None = None
    service_id: int | None = None
    policy_id: int | None = None
    urgency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of an alert when it is routed; annotations count where no label has the name."""

    integration_id: int
    service_id: int | None
    source: str
    urgency: str
    title: str = ""
    severity: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def value(self, label: str) -> str | None:
        """What a label says; `title`, `severity` and `source` are always there."""
        if label in self.labels:
            return self.labels[label]
        own = {"title": self.title, "severity": self.severity, "source": self.source}
        return own[label] if own.get(label) else self.annotations.get(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """All that decisions need: the rules in order, services by slug and their policies, the default policy."""

    rules: Sequence[Rule] = ()
    services: Mapping[str, int] = field(default_factory=dict)
    service_names: Mapping[int, str] = field(default_factory=dict)
    policies: Mapping[int, int] = field(default_factory=dict)
    policy_names: Mapping[int, str] = field(default_factory=dict)
    default_policy_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Where an alert goes and why. Without a policy every active admin is asked."""

    service_id: int | None
    policy_id: int | None
    urgency: str
    why: str


def decide(subject: Subject, world: Map) -> Decision:
    """Choose service, policy and urgency of an alert, and say why."""
    rule = next((rule for rule in world.rules if holds(rule, subject)), None)
    service_id, why = _service(subject, rule, world)
    policy_id, because = _policy(service_id, rule, world)
    urgency = (rule.urgency if rule else "") or subject.urgency
    return Decision(service_id, policy_id, urgency, f"{why}{because}"[:300])


def holds(rule: Rule, subject: Subject) -> bool:
    """Whether a route takes this alert."""
    if rule.integration_id not in (None, subject.integration_id):
        return False
    return all(is_true(condition, subject.value(condition.label)) for condition in rule.conditions)


def hides(upper: Rule, lower: Rule) -> bool:
    """Whether no alert can ever reach `lower`, because `upper` is tried before it and takes all of them."""
    return not upper.conditions and upper.integration_id in (None, lower.integration_id)


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


def _service(subject: Subject, rule: Rule | None, world: Map) -> tuple[int | None, str]:
    if rule is not None and (rule.service_id or rule.policy_id):
        matched = ", ".join(_words(condition) for condition in rule.conditions) or "everything"
        why = f"route “{rule.name}” matched {matched}"
        return (rule.service_id or subject.service_id or _named(subject, world)[0]), why
    begun = "no route matched" if rule is None else f"route “{rule.name}” sets the urgency alone"
    if subject.service_id is not None:
        return subject.service_id, f"{begun}: the source “{subject.source}” belongs to its service"
    named, label = _named(subject, world)
    if named is not None:
        return named, f"{begun}: the label {label} names the service"
    return None, begun


def _named(subject: Subject, world: Map) -> tuple[int | None, str]:
    for label in SERVICE_LABELS:
        named = world.services.get(slug(subject.value(label) or ""))
        if named is not None:
            return named, label
    return None, ""


def slug(written: str) -> str:
    """The slug that is meant by a service's name as senders write it: `Payments API` is `payments-api`."""
    return re.sub(r"[\s_]+", "-", written.strip().lower())


def _policy(service_id: int | None, rule: Rule | None, world: Map) -> tuple[int | None, str]:
    if rule is not None and rule.policy_id is not None:
        return rule.policy_id, ""
    if service_id is not None and service_id in world.policies:
        return world.policies[service_id], ""
    lacking = ""
    if service_id is not None:
        lacking = f", and {world.service_names.get(service_id, 'its service')} has no policy"
    if world.default_policy_id is not None:
        return world.default_policy_id, f"{lacking}: default policy"
    return None, f"{lacking}: there is no default policy either, so every admin is asked"


def _words(condition: Condition) -> str:
    sign = {"equals": "=", "not_equals": "≠", "contains": " contains ", "matches": " matches "}
    if condition.op == "exists":
        return f"{condition.label} exists"
    return f"{condition.label}{sign[condition.op]}{condition.value}"


# Patterns


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
