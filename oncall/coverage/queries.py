"""Look ahead: the policies, who is on call for each of them, and who of these can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from core.accounts import queries as accounts
from core.watch.rules import Finding, Grade, Reading
from oncall.coverage import rules
from oncall.coverage.rules import Lack, Span
from oncall.escalation import queries as escalations
from oncall.escalation.models import Policy
from oncall.paging import queries as paging
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.schedules.rules.resolver import Slice

SHOWN = 20


def coverage() -> Reading:
    """Whether somebody will be there and can be reached in the next 14 days."""
    now = timezone.now()
    found = lacks(now)
    if not found:
        return Reading(
            grade=Grade.GOOD, text="In the next 14 days every policy has somebody who can be reached."
        )
    return Reading(
        grade=Grade.BAD if any(lack.is_grave and lack.start <= now for lack in found) else Grade.WARN,
        text=rules.words(found, now=now),
        advice="Cover the stretch with an override or another level; ask people to verify a contact method.",
        findings=tuple(Finding(what=lack.text, since=lack.start, path=lack.path) for lack in found[:SHOWN]),
        more=len(found) > SHOWN,
    )


def lacks(now: datetime) -> list[Lack]:
    """Give what will be missing in the next 14 days, the soonest first."""
    window = Span(now, now + timedelta(days=rules.DAYS_AHEAD))
    policies = list(Policy.objects.prefetch_related("levels__targets__user", "levels__targets__schedule"))
    slices = _slices(policies, window)
    found = [
        *(lack for policy in policies for lack in _unasked(policy, slices, window)),
        *_empty_levels(policies, now),
        *_unreachable(policies, slices, window),
    ]
    return sorted(found, key=lambda lack: (lack.start, lack.key))


def uncovered(policies: Sequence[Policy], *, now: datetime) -> dict[int, list[Span]]:
    """Give when these policies, read with the targets of their levels, will ask nobody in the next 14 days."""
    window = Span(now, now + timedelta(days=rules.DAYS_AHEAD))
    slices = _slices(policies, window)
    return {policy.pk: _gaps(policy, slices, window) for policy in policies}


def _slices(policies: Sequence[Policy], window: Span) -> dict[int, list[Slice]]:
    wanted = {
        target.schedule_id
        for policy in policies
        for level in policy.levels.all()
        for target in level.targets.all()
        if target.schedule_id is not None
    }
    resolved = schedules.resolve(sorted(wanted), start=window.start, end=window.end)
    return {pk: list(one.final(window.start, window.end)) for pk, one in resolved.items()}


def _gaps(policy: Policy, slices: Mapping[int, list[Slice]], window: Span) -> list[Span]:
    """When no level of a policy asks anybody. A person or a team is there all the time; a channel is nobody."""
    every = [target for level in policy.levels.all() for target in level.targets.all()]
    targets = [target for target in every if target.destination_id is None]
    if not every or any(target.schedule_id is None for target in targets):
        return []
    covered = [
        Span(piece.start, piece.end)
        for target in targets
        for piece in slices.get(target.schedule_id or 0, ())
        if piece.users
    ]
    return rules.gaps(covered, window)


def _unasked(policy: Policy, slices: Mapping[int, list[Slice]], window: Span) -> list[Lack]:
    return [
        Lack(
            key=f"gap-{policy.pk}-{'now' if gap.start == window.start else gap.start.isoformat()}",
            text=f"{policy.name} asks nobody until {gap.end:%d %b %H:%M} UTC."
            if gap.start == window.start
            else f"{policy.name} asks nobody from {gap.start:%d %b %H:%M} to {gap.end:%d %b %H:%M} UTC.",
            start=gap.start,
            path=_path(policy),
            policy_id=policy.pk,
            is_grave=True,
        )
        for gap in _gaps(policy, slices, window)
    ]


def _empty_levels(policies: list[Policy], now: datetime) -> list[Lack]:
    return [
        Lack(
            key=f"level-{ladder.policy.pk}-{ladder.policy.version}-{rung.number}",
            text=f"Level {rung.number} of {ladder.policy.name} asks nobody right now.",
            start=now,
            path=_path(ladder.policy),
            policy_id=ladder.policy.pk,
        )
        for ladder in escalations.ladders(policies)
        for rung in ladder.rungs
        if not rung.people and not rung.tells
    ]


def _unreachable(policies: list[Policy], slices: Mapping[int, list[Slice]], window: Span) -> list[Lack]:
    """Who will be asked and has no verified method; of each the first time, by the first policy."""
    first: dict[int, tuple[datetime, Policy]] = {}
    for policy in policies:
        for user_id, start in _asked(policy, slices, window):
            if user_id not in first or start < first[user_id][0]:
                first[user_id] = (start, policy)
    people = paging.reachable(first)
    return [
        Lack(
            key=f"person-{id_}-{'now' if first[id_][0] == window.start else first[id_][0].isoformat()}",
            text=f"{person.name} is asked by {first[id_][1].name} and has no verified contact method.",
            start=first[id_][0],
            path=_path(first[id_][1]),
            policy_id=first[id_][1].pk,
        )
        for id_, person in people.items()
        if not any(method.usable for method in person.methods)
    ]


def _asked(policy: Policy, slices: Mapping[int, list[Slice]], window: Span) -> list[tuple[int, datetime]]:
    targets = [target for level in policy.levels.all() for target in level.targets.all()]
    by_name = [(target.user_id, window.start) for target in targets if target.user_id is not None]
    on_call = [
        (user_id, piece.start)
        for target in targets
        for piece in slices.get(target.schedule_id or 0, ())
        for user_id in piece.users
    ]
    return by_name + on_call


def _path(policy: Policy) -> str:
    return reverse("oncall:policy", args=[policy.slug])


def owners(policy_ids: set[int]) -> dict[int, list[User]]:
    """Give who is warned about each policy: the managers of its team, else every admin."""
    policies = dict(Policy.objects.filter(pk__in=policy_ids).values_list("pk", "team"))
    by_team = accounts.managers_or_admins(set(policies.values()))
    return {pk: by_team[team] for pk, team in policies.items()}
