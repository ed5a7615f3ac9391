"""What wears the people of a schedule out: hard nights, and nothing for it. It names nobody."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from core.accounts import queries as accounts
from core.accounts.models import User
from oncall.lookahead.rules.worries import Kind, Worry
from oncall.nights import queries as limits
from oncall.schedules import queries as schedules
from oncall.timeoff import rules
from oncall.timeoff.queries.earned import reached
from oncall.timeoff.queries.terms import compensated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from oncall.schedules.models import Schedule

BEFORE = timedelta(weeks=4)
MANY = 4
"""So many hard nights in that time are grave: one a week."""
PUBLIC = Q(escalation__incident=None) | Q(escalation__incident__private=False)
PUBLIC &= Q(escalation__alert__incident=None) | Q(escalation__alert__incident__private=False)
"""Everybody reads it, so it is what it would be without private incidents."""


def signs(rows: Mapping[int, Schedule], now: datetime) -> Iterator[tuple[int, Worry]]:
    """Give what wears people out in these schedules, by the schedule that it is of."""
    paid = compensated({row.team_id for row in rows.values()})
    limit = limits.limit()
    nights = _hard_nights(rows, now, limit) if limit else Counter[int]()
    for pk, row in rows.items():
        if count := nights[pk]:
            yield pk, _hard(row, count, limit, now)
        if row.team_id not in paid:
            yield pk, _unpaid(row, now)


def _hard_nights(rows: Mapping[int, Schedule], now: datetime, limit: int) -> Counter[int]:
    """How many nights of somebody who had a schedule then brought more pages than the limit."""
    read = schedules.resolve(list(rows), start=now - BEFORE, end=now)
    duty = {pk: [piece for piece in one.final(now - BEFORE, now) if piece.users] for pk, one in read.items()}
    people = {user for pieces in duty.values() for piece in pieces for user in piece.users}
    zones = dict(User.objects.filter(pk__in=people).values_list("pk", "time_zone"))
    found: Counter[int] = Counter()
    for user, pages in reached(people, now - BEFORE, now, only=PUBLIC).items():
        for night in rules.nights(pages, accounts.zone(zones[user])):
            if rules.is_hard(night, limit=limit, woken_minutes=0):
                found.update(
                    pk
                    for pk, pieces in duty.items()
                    if any(user in each.users and each.start <= night.first < each.end for each in pieces)
                )
    return found


def _hard(row: Schedule, count: int, limit: int, now: datetime) -> Worry:
    nights = "One night" if count == 1 else f"{count} nights"
    return Worry(
        kind=Kind.NIGHTS,
        key="nights",
        text=f"{nights} of the last four weeks brought whoever had {row.name} more than {limit} pages.",
        reason="Who is woken again and again is worn out, and slow when it matters.",
        fix="Tune what wakes people for nothing, and let whoever had such a night rest.",
        start=now,
        is_grave=count >= MANY,
        is_mailed=False,
    )


def _unpaid(row: Schedule, now: datetime) -> Worry:
    return Worry(
        kind=Kind.UNPAID,
        key="unpaid",
        text=f"Nobody said what people get for being on call in {row.name}.",
        reason="Duty that is neither paid nor given back as time off wears people out.",
        fix="Set pay rates, or what earns time off, for the team or for all.",
        start=now,
        is_mailed=False,
    )
