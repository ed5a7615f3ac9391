"""What is wrong with the rotations themselves: too few people, turns of an odd length, nobody who asks."""

from __future__ import annotations

from datetime import datetime

from oncall.lookahead.rules.worries import Kind, Plan, Worry
from oncall.schedules.rules.layers import Layer, Unit

DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 28}


def standing(plan: Plan, *, now: datetime) -> list[Worry]:
    """Give what is wrong with a schedule whatever the day."""
    return [*_unused(plan, now), *([] if plan.is_informal else [*_few(plan, now), *_lengths(plan, now)])]


def _unused(plan: Plan, now: datetime) -> list[Worry]:
    if plan.policies:
        return []
    return [
        Worry(
            kind=Kind.UNUSED,
            key="unused",
            text=f"No escalation policy asks {plan.name}.",
            reason="Whoever is on call in it is paged by hand alone.",
            fix="Add it to a level of a policy.",
            start=now,
        )
    ]


def _few(plan: Plan, now: datetime) -> list[Worry]:
    """Whether so few share the work that it wears them out: one fewer than the limit is strong."""
    people = {user for layer in _current(plan, now) for place in layer.participants for user in place or ()}
    count, least = len(people), plan.limits.people
    if not 0 < count < least:
        return []
    who = "One person has" if count == 1 else f"{count} people share"
    return [
        Worry(
            kind=Kind.FEW,
            key=f"few-{count}",
            text=f"{who} {plan.name}; {least} or more should share it.",
            reason="In a small rotation everybody is on call too often, and one absence tears a hole.",
            fix="Put more people into the rotation, or make the schedule informal.",
            start=now,
            is_grave=count < least - 1,
        )
    ]


def _lengths(plan: Plan, now: datetime) -> list[Worry]:
    """Turns of a week are the rule. Shorter ones are fine where windows make shifts of a day out of them."""
    found = []
    for layer in _current(plan, now):
        if len(layer.participants) < 2:
            continue
        days = layer.handoff.every * DAYS.get(layer.handoff.unit, 0)
        if days > plan.limits.days:
            found.append(_length(layer, now, f"hands over after more than {plan.limits.days} days", "long"))
        elif days < 7 and not layer.restrictions:
            found.append(_length(layer, now, "hands over more often than weekly", "short"))
    return found


def _length(layer: Layer, now: datetime, what: str, way: str) -> Worry:
    reasons = {
        "long": "Long turns wear people out.",
        "short": "Short turns make many hand-offs, and no week that can be planned.",
    }
    return Worry(
        kind=Kind.LENGTH,
        key=f"length-{layer.lineage}-{way}",
        text=f"The rotation {layer.name} {what}.",
        reason=reasons[way],
        fix="Turns of a week are a good rule.",
        start=now,
        is_mailed=False,
    )


def _current(plan: Plan, now: datetime) -> list[Layer]:
    return [
        layer
        for layer in plan.layers
        if layer.effective_from <= now and (layer.effective_until is None or now < layer.effective_until)
    ]
