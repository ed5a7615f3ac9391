"""Where an alert belongs: the first route that holds decides; what it leaves open follows from the service.

Nothing is dropped for want of a route: the source's own service, a label that names a service, the default policy
and at last a plan that asks every admin stand behind it, and the reason is kept in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from oncall.matching.rules import Condition, Facts, is_true

NATURE_LABELS = ("nature", "alert_type", "type")
"""Labels that say whether an alert is a symptom or a cause."""
CAUSE = "cause"
NATURES = ("symptom", CAUSE)
A_CAUSE = "not paged: a cause, not a symptom"
SERVICE_LABELS = ("service", "component", "service_name", "app")


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
    nature: str = ""
    pages_causes: bool = False
    declares_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Facts):
    """What is known of an alert when it is routed."""

    integration_id: int
    service_id: int | None


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
    """Where an alert goes and why. Without a policy every active admin is asked.

    `nature` is symptom, cause, or "" where nothing says so; `not_paged` is why nobody is asked at all. With a level in
    `declares_id` the route `rule_id` makes the alert an incident.
    """

    service_id: int | None
    policy_id: int | None
    urgency: str
    why: str
    nature: str = ""
    not_paged: str = ""
    declares_id: int | None = None
    rule_id: int | None = None


def decide(subject: Subject, world: Map) -> Decision:
    """Choose service, policy and urgency of an alert, and say why."""
    rule = next((rule for rule in world.rules if holds(rule, subject)), None)
    service_id, why = _service(subject, rule, world)
    policy_id, because = _policy(service_id, rule, world)
    urgency = (rule.urgency if rule else "") or subject.urgency
    nature = (rule.nature if rule else "") or _nature(subject)
    is_spared = nature == CAUSE and not (rule and rule.pages_causes)
    return Decision(
        service_id,
        policy_id,
        urgency,
        f"{why}{because}"[:300],
        nature,
        A_CAUSE if is_spared else "",
        rule.declares_id if rule else None,
        rule.id if rule else None,
    )


def _nature(subject: Subject) -> str:
    """What an alert says that it is; a word that is neither says nothing."""
    said = ((subject.value(label) or "").strip().lower() for label in NATURE_LABELS)
    return next((word for word in said if word in NATURES), "")


def holds(rule: Rule, subject: Subject) -> bool:
    """Whether a route takes this alert."""
    if rule.integration_id not in (None, subject.integration_id):
        return False
    return all(is_true(condition, subject.value(condition.label)) for condition in rule.conditions)


def hides(upper: Rule, lower: Rule) -> bool:
    """Whether no alert can ever reach `lower`, because `upper` is tried before it and takes all of them."""
    return not upper.conditions and upper.integration_id in (None, lower.integration_id)


def _service(subject: Subject, rule: Rule | None, world: Map) -> tuple[int | None, str]:
    if rule is not None and (rule.service_id or rule.policy_id):
        matched = ", ".join(_words(condition) for condition in rule.conditions) or "everything"
        why = f"route “{rule.name}” matched {matched}"
        return (rule.service_id or subject.service_id or _named(subject, world)[0]), why
    begun = "no route matched"
    if rule is not None:
        begun = f"route “{rule.name}” " + ("sets the urgency alone" if rule.urgency else "only marks it")
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
