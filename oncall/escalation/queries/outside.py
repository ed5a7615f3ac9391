"""Who is paged for the worst level while nobody is meant to be on call by a schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse

from core.accounts.policy import Verb, can
from incidents.severities import queries as severities
from oncall.alerts import rules as alerts
from oncall.escalation.models import Policy
from oncall.escalation.queries.asking import targets_of
from oncall.escalation.queries.ladders import TARGETS, plan_of
from oncall.escalation.rules.plans import Kind, Turn
from oncall.matching.rules import Facts, judge
from oncall.schedules import queries as schedules
from oncall.schedules.registry import Offer
from oncall.schedules.rules.resolver import Kind as Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.accounts.models import User
    from oncall.escalation.rules.plans import LevelSpec, Plan, TargetSpec
    from oncall.schedules.models import Schedule
    from oncall.schedules.queries import Resolved

AHEAD = timedelta(days=28)
NOTE = "Outside of its hours nobody is on call by this schedule, whatever happens."
QUESTION = "Who is paged outside of these hours for the worst level?"


def words_of_worst() -> list[str]:
    """Give what alerts and incidents of the worst level in use say as their severity; none where there is no level."""
    worst = severities.levels().first()
    if worst is None:
        return []
    said = [worst.slug, worst.label, *worst.aliases]
    known = dict.fromkeys([worst.slug, worst.label, *(alerts.severity(word) for word in said)])
    return [word for word in known if severities.find(word) == worst]


def offers(schedule: Schedule, viewer: User, at: datetime) -> list[Offer]:
    """Offer the editor of a policy while nobody is paged for the worst level when a schedule has nobody by design.

    It is the first policy that asks the schedule, or a new one; only for who may change it.
    """
    version = schedules.version_at(schedule, at)
    if version is None or not (version.coverage or version.closed_on_holidays):
        return []
    asking = list(
        Policy.objects.filter(levels__targets__schedule=schedule)
        .distinct()
        .order_by("name")
        .select_related("team")
        .prefetch_related(*TARGETS)
    )
    mine = [policy for policy in asking if can(viewer, Verb.CONFIGURE, policy.team)]
    if not (mine if asking else can(viewer, Verb.CONFIGURE)):
        return []
    if not (words := words_of_worst()) or _is_answered(schedule, [plan_of(one) for one in asking], words, at):
        return []
    page = reverse("oncall:edit-policy", args=[mine[0].slug]) if mine else reverse("oncall:new-policy")
    return [Offer(NOTE, QUESTION, f"{page}?outside={schedule.slug}")]


def _is_answered(schedule: Schedule, plans: Sequence[Plan], words: Sequence[str], at: datetime) -> bool:
    """Whether each time of the next weeks that is closed by design has somebody to page, or there is none."""
    asked = [target for plan in plans for target in targets_of(plan)]
    ids = {schedule.pk, *(target.id for target in asked if target.kind is Kind.SCHEDULE)}
    read = schedules.resolve(ids, start=at, end=at + AHEAD)
    closed = [
        piece.start
        for piece in read[schedule.pk].final(at, at + AHEAD)
        if piece.kind is Piece.CLOSED and not piece.users
    ]
    levels = [level for plan in plans for level in plan.levels]
    return all(any(_pages(level, words, moment, read) for level in levels) for moment in closed)


def _pages(level: LevelSpec, words: Sequence[str], at: datetime, read: Mapping[int, Resolved]) -> bool:
    """Whether a level pages somebody for the worst level at a moment."""
    facts = [Facts(urgency="high", severity=word) for word in words]
    is_taken = any(judge(level.branch, each, at=at).taken for each in facts)
    return is_taken and any(_has_somebody(target, at, read) for target in level.targets)


def _has_somebody(target: TargetSpec, at: datetime, read: Mapping[int, Resolved]) -> bool:
    if target.kind is Kind.SCHEDULE and target.turn is Turn.NOW:
        return target.id in read and bool(read[target.id].at(at).users)
    return target.kind is not Kind.CHANNEL
