"""Policies as people read them: a ladder, with who answers right now."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

import orjson
from django.db import connection
from django.db.models import Count
from django.shortcuts import get_object_or_404

from core.accounts.models import User
from core.clock import now
from oncall.escalation.models import LastResort, Policy
from oncall.escalation.queries.asking import admins, answers, targets_of
from oncall.escalation.rules import plans, rehearsal, targets
from oncall.escalation.rules.plans import Kind, LevelSpec, Plan, TargetSpec, Turn
from oncall.matching.rules import branch_from_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from django.contrib.auth.models import AnonymousUser

    from oncall.escalation.models import Escalation, PolicyQuerySet, Target
    from oncall.escalation.rules.targets import Answer


TARGETS = (
    "levels__targets__user",
    "levels__targets__schedule",
    "levels__targets__team",
    "levels__targets__destination",
)
"""What a policy is read with to be a plan."""


def policies(user: User | AnonymousUser) -> PolicyQuerySet:
    """Give the policies that a person may know of, by name, with what a list shows."""
    return (
        Policy.objects.visible_to(user)
        .select_related("team")
        .prefetch_related(*TARGETS)
        .annotate(service_count=Count("services", distinct=True))
        .order_by("name")
    )


def policy(user: User | AnonymousUser, slug: str) -> Policy:
    """Give one policy with its levels and targets; 404 where absent."""
    return get_object_or_404(policies(user), slug=slug)


@dataclass(frozen=True, slots=True)
class Uses:
    """What relies on a policy: names of services, and how many routes."""

    services: tuple[str, ...]
    routes: int


def used_by(policy: Policy) -> Uses:
    """Say what relies on a policy."""
    services = policy.services.order_by("service__name").values_list("service__name", flat=True)
    return Uses(tuple(services), policy.routes.count())


def plan_of(policy: Policy) -> Plan:
    """Give a policy, read with its levels and targets, as a plan."""
    levels = tuple(
        LevelSpec(
            level.timeout_seconds,
            tuple(_target(target) for target in sorted(level.targets.all(), key=attrgetter("pk"))),
            level.round_robin,
            acks_needed=level.acks_needed,
            branch=branch_from_json(level.branch),
            pages_everyone=level.pages_everyone,
            description=level.description,
        )
        for level in policy.levels.all()
    )
    return Plan(
        policy.name,
        policy.repeat,
        levels,
        ack_timeout_seconds=policy.ack_timeout_seconds,
        acks_needed=policy.acks_needed,
    )


# Written out, because it stands between every alert and its person: reading five models takes five times as long.
_PLANS = """
select p.id, p.name, p.repeat, p.ack_timeout_seconds, p.acks_needed, (
    select json_agg(json_build_array(l.timeout_seconds, l.round_robin, l.acks_needed, l.branch, l.pages_everyone,
        l.description, (
        select json_agg(json_build_array(
            case when a.user_id is not null then 'user' when a.team_id is not null then 'team'
                when a.destination_id is not null then 'channel' else 'schedule' end,
            coalesce(u.id, t.id, d.id, s.id), coalesce(nullif(u.name, ''), u.email, t.name, d.name, s.name), a.turn
        ) order by a.id)
        from oncall_target a
        left join accounts_user u on u.id = a.user_id
        left join accounts_team t on t.id = a.team_id
        left join oncall_destination d on d.id = a.destination_id
        left join oncall_schedule s on s.id = a.schedule_id
        where a.level_id = l.id
    )) order by l.position, l.id)
    from oncall_level l where l.policy_id = p.id
)::text
from oncall_policy p where p.id = any(%s)"""


def plans_of(policy_ids: Collection[int]) -> dict[int, Plan]:
    """Give policies as plans as they are now, with one statement; what is gone is left out."""
    if not policy_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLANS, [list(policy_ids)])
        return {pk: _plan(*columns) for pk, *columns in cursor.fetchall()}


def _plan(name: str, repeat: int, ack_timeout: int | None, acks_needed: int, levels: str | None) -> Plan:
    return Plan(
        name,
        repeat,
        tuple(
            LevelSpec(
                timeout,
                tuple(
                    TargetSpec(Kind(kind), id_, called, Turn(turn))
                    for kind, id_, called, turn in targets or ()
                ),
                round_robin,
                acks_needed=needed,
                branch=branch_from_json(branch),
                pages_everyone=everyone,
                description=described,
            )
            for timeout, round_robin, needed, branch, everyone, described, targets in orjson.loads(
                levels or "[]"
            )
        ),
        ack_timeout_seconds=ack_timeout,
        acks_needed=acks_needed,
    )


def usable(plan: Plan | None) -> Plan:
    """Give a plan that asks somebody: every admin where there is none, or none with a level."""
    if plan is not None and plan.levels:
        return plan
    reason = f"The policy {plan.name} has no level" if plan else "No escalation policy covers this"
    persons = [(user.pk, str(user)) for user in admins()]
    return plans.for_people("Every admin", persons, reason=f"{reason}, so every admin is asked")


def drawn(policy: Policy) -> Plan:
    """Give a policy, read with its levels and targets, as a plan with the turns that the next alert would get."""
    turns = {n: level.turn for n, level in enumerate(policy.levels.all()) if level.round_robin}
    return plans.with_turns(plan_of(policy), turns)


def _target(target: Target) -> TargetSpec:
    if target.user is not None:
        return TargetSpec(Kind.USER, target.user.pk, str(target.user))
    if target.team is not None:
        return TargetSpec(Kind.TEAM, target.team.pk, target.team.name)
    if target.destination is not None:
        return TargetSpec(Kind.CHANNEL, target.destination.pk, target.destination.name)
    assert target.schedule is not None  # noqa: S101 - the table's check says that a target is one of the four
    return TargetSpec(Kind.SCHEDULE, target.schedule.pk, target.schedule.name, Turn(target.turn))


def last_resort() -> LastResort | None:
    """Give who is asked when nobody of a policy answered, read as a plan needs it; None: nobody but the admins."""
    paths = [f"policy__{path}" for path in TARGETS]
    return LastResort.objects.select_related("policy", "user").prefetch_related(*paths).first()


def plan_of_last(last: LastResort) -> Plan:
    """Give the plan that asks the last resort."""
    if last.policy is not None:
        return plan_of(last.policy)
    assert last.user is not None  # noqa: S101 - the table's check says that it is one of the two
    return plans.for_people(str(last.user), [(last.user.pk, str(last.user))])


def has_last(escalation: Escalation, last: LastResort) -> bool:
    """Say whether the last resort is asked after an escalation: not after itself, nor after a page by hand."""
    is_itself = last.policy_id is not None and last.policy_id == escalation.policy_id
    return not (escalation.is_last_resort or escalation.by_hand or is_itself)


@dataclass(frozen=True, slots=True)
class Rung:
    """A level of the ladder as people read it: when it is asked, its targets, and who answers right now."""

    number: int
    offset_seconds: int
    timeout_seconds: int
    targets: tuple[TargetSpec, ...]
    round_robin: bool
    people: tuple[User, ...]
    nobody: tuple[str, ...]
    acks_needed: int
    only: str
    tells: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A policy with who answers right now."""

    policy: Policy
    rungs: tuple[Rung, ...]
    passes: int
    gives_up_seconds: int
    warnings: tuple[str, ...]

    @property
    def pass_seconds(self) -> int:
        """How long one pass takes."""
        return self.gives_up_seconds // self.passes


def ladders(found: Iterable[Policy]) -> list[Ladder]:
    """Give policies with who answers right now; schedules and people are read once for all of them."""
    chosen = list(found)
    plans = [drawn(policy) for policy in chosen]
    known = answers((target for plan in plans for target in targets_of(plan)), at=now())
    people = User.objects.active().in_bulk([id_ for answer in known.values() for id_ in answer.people])
    return [_ladder(policy, plan, known, people) for policy, plan in zip(chosen, plans, strict=True)]


def _ladder(
    policy: Policy, plan: Plan, known: Mapping[TargetSpec, Answer], people: Mapping[int, User]
) -> Ladder:
    asked = [targets.asks(level, known) for level in plan.levels]
    active = [[id_ for id_ in found.all_ids if id_ < 0 or id_ in people] for found in asked]
    rungs = tuple(
        Rung(
            n,
            offset,
            level.timeout_seconds,
            level.targets,
            level.round_robin,
            tuple(people[id_] for id_ in ids if id_ > 0),
            found.nobody,
            level.acks_needed or plan.acks_needed,
            level.branch.said if level.branch else "",
            bool(found.channels),
            level.description,
        )
        for n, (offset, level, ids, found) in enumerate(
            zip(plans.offsets(plan), plan.levels, active, asked, strict=True), 1
        )
    )
    total = plans.give_up_seconds(plan)
    restricted = [plans.is_restricted(level) for level in plan.levels]
    needed = max([rung.acks_needed for rung in rungs], default=1)
    doubts = rehearsal.warnings(active, gives_up_after=total, acks_needed=needed, branches=restricted)
    return Ladder(policy, rungs, plan.repeat, total, tuple(doubts))


def ladder(policy: Policy) -> Ladder:
    """Give one policy with who answers right now."""
    return ladders([policy])[0]
