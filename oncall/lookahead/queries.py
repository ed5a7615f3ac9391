"""Look ahead: schedules as they will be, with everything that is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from core.accounts import queries as accounts
from core.accounts.models import User
from oncall.absences import queries as absences
from oncall.calendars import queries as calendars
from oncall.escalation.models import Target
from oncall.lookahead import registry
from oncall.lookahead.rules import duties, gaps, rotations
from oncall.lookahead.rules.worries import (
    DAYS_AHEAD,
    Kind,
    Limits,
    Plan,
    Window,
    Worry,
    begin_of,
    clock,
    in_order,
    stretch,
)
from oncall.paging import queries as paging
from oncall.schedules import queries as schedules
from oncall.schedules.models import ScheduleVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from oncall.lookahead.models import ScheduleLimits
    from oncall.schedules.models import Schedule

KNOWN = timedelta(days=14)
"""So much before and after what is looked at is read as well: a spell on call may have begun or go on there."""


def window_at(now: datetime) -> Window:
    """The next 14 days, and what is known around them."""
    until = now + timedelta(days=DAYS_AHEAD)
    return Window(now=now, until=until, since=now - KNOWN, known_until=until + KNOWN)


def worries(now: datetime) -> dict[int, list[Worry]]:
    """Give what is wrong with each schedule in the next 14 days, what is grave first."""
    window = window_at(now)
    rows = {row.pk: row for row in schedules.schedules().select_related("limits")}
    return _found(_plans(rows, window), window)


def worries_of(schedule: Schedule, now: datetime) -> list[Worry]:
    """Give what is wrong with one schedule."""
    return worries_among([schedule], now)[schedule.pk]


def worries_among(some: Sequence[Schedule], now: datetime) -> dict[int, list[Worry]]:
    """Give what is wrong with some schedules. Of the others those are read in which their people may be on call too."""
    window = window_at(now)
    read = schedules.resolve([row.pk for row in some], start=window.since, end=window.known_until)
    people = {
        user
        for one in read.values()
        for piece in one.final(window.since, window.known_until)
        for user in piece.users
    }
    others = (
        schedules.schedules().select_related("limits").filter(pk__in=schedules.naming(people))
        if people
        else ()
    )
    rows = {**{row.pk: row for row in some}, **{row.pk: row for row in others}}
    found = _found(_plans(rows, window), window)
    return {row.pk: found.get(row.pk, []) for row in some}


def shown(now: datetime) -> dict[int, list[Worry]]:
    """Give the same with what wears people out already: it is shown, and not mailed."""
    return _with_signs(worries(now), {row.pk: row for row in schedules.schedules()}, now)


def shown_of(schedule: Schedule, now: datetime) -> list[Worry]:
    """Give the same of one schedule."""
    return _with_signs({schedule.pk: worries_of(schedule, now)}, {schedule.pk: schedule}, now)[schedule.pk]


def _with_signs(
    found: Mapping[int, list[Worry]], rows: Mapping[int, Schedule], now: datetime
) -> dict[int, list[Worry]]:
    informal = _informal(rows, now)
    signs = registry.signs({pk: row for pk, row in rows.items() if pk not in informal}, now)
    return {pk: in_order([*found.get(pk, ()), *signs.get(pk, ())]) for pk in rows}


def _plans(rows: Mapping[int, Schedule], window: Window) -> list[Plan]:
    read = schedules.resolve(sorted(rows), start=window.since, end=window.known_until)
    policies: defaultdict[int, dict[int, str]] = defaultdict(dict)
    targets = Target.objects.filter(schedule__in=rows).values_list(
        "schedule", "level__policy", "level__policy__name"
    )
    for schedule_id, policy_id, name in targets:
        policies[schedule_id][policy_id] = name
    informal = _informal(rows, window.now)
    return [
        Plan(
            id=pk,
            name=row.name,
            zone=accounts.zone(row.time_zone),
            slices=read[pk].final(window.since, window.known_until),
            layers=read[pk].layers,
            policies=policies[pk],
            is_informal=pk in informal,
            limits=limits_of(row),
        )
        for pk, row in rows.items()
        if pk in read
    ]


def limits_of(row: Schedule) -> Limits:
    """What is too small, too long or too short for a schedule; without a word of its managers what holds for all."""
    own: ScheduleLimits | None = getattr(row, "limits", None)
    return Limits(people=own.people, days=own.days, rest_hours=own.rest_hours) if own else Limits()


def _informal(schedule_ids: Iterable[int], now: datetime) -> set[int]:
    lasts = Q(effective_until=None) | Q(effective_until__gt=now)
    rows = ScheduleVersion.objects.filter(
        lasts, schedule__in=schedule_ids, effective_from__lte=now, is_informal=True
    )
    return set(rows.values_list("schedule", flat=True))


def _found(plans: Sequence[Plan], window: Window) -> dict[int, list[Worry]]:
    found: dict[int, list[Worry]] = {
        plan.id: [*gaps.gaps(plan, window), *rotations.standing(plan, now=window.now)] for plan in plans
    }
    people = duties.duties(plans)
    everybody = {user for plan in plans for piece in plan.slices for user in piece.users}
    names = {pk: str(user) for pk, user in User.objects.in_bulk(everybody).items()}
    away: defaultdict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for absence in absences.away(everybody, start=window.now, end=window.until):
        away[absence.user].append((absence.start, absence.end))
    for pk, worry in (
        *duties.double(people, names, window),
        *duties.too_long(people, names, window),
        *duties.too_little_rest(people, names, window),
        *duties.away(people, away, names, window),
        *_unreachable(plans, names, window),
        *_unread(plans, window),
    ):
        found[pk].append(worry)
    return {pk: in_order(some) for pk, some in found.items()}


def _unreachable(plans: Sequence[Plan], names: Mapping[int, str], window: Window) -> list[tuple[int, Worry]]:
    """Who will be on call and has no way to be reached. Owners of policies are mailed of it by `oncall.coverage`."""
    first: dict[tuple[int, int], tuple[Plan, datetime, datetime]] = {}
    for plan in plans:
        for piece in plan.slices:
            if window.meets(piece.start, piece.end):
                for user in piece.users:
                    first.setdefault((plan.id, user), (plan, piece.start, piece.end))
    people = paging.reachable(user for _, user in first)
    return [
        (
            plan_id,
            Worry(
                kind=Kind.UNREACHABLE,
                key=f"person-{user}@{begin_of(start, window)}",
                text=f"{names[user]} has no verified contact method and is on call in {plan.name},"
                f" {stretch(start, end, plan.zone, now=window.now)}.",
                reason="Pages go to the sign-in e-mail alone.",
                fix="Ask them to verify a contact method, or let somebody cover the time.",
                start=max(start, window.now),
                end=end,
                users=(user,),
                is_grave=True,
                is_mailed=not plan.policies,
            ),
        )
        for (plan_id, user), (plan, start, end) in first.items()
        if user in people and not any(method.usable for method in people[user].methods)
    ]


def _unread(plans: Sequence[Plan], window: Window) -> list[tuple[int, Worry]]:
    """The calendars from which a schedule is read and which could not be read for a day."""
    named = {plan.id: plan for plan in plans}
    return [
        (
            row.schedule_id,
            Worry(
                kind=Kind.UNREAD,
                key=f"calendar-{row.pk}",
                text=f"The calendar {row} of {named[row.schedule_id].name} could not be read since"
                f" {clock(row.read_at or row.created_at, named[row.schedule_id].zone)}.",
                reason=f"{row.error} What was read before still counts.",
                fix="Mend the address on the schedule's page of calendars, or remove the calendar.",
                start=window.now,
                is_grave=True,
            ),
        )
        for row in calendars.unread(list(named), now=window.now)
    ]


def owners(rows: Collection[Schedule]) -> dict[int, list[User]]:
    """Give who is warned of each schedule: the managers of its team, else every admin."""
    by_team = accounts.managers_or_admins({row.team_id for row in rows})
    return {row.pk: by_team[row.team_id] for row in rows}
