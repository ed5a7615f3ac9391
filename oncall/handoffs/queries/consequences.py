"""What is otherwise on call once somebody has left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.accounts import queries as accounts
from core.people.directory.registry import Consequence
from oncall.escalation.models import Policy
from oncall.handoffs import rules
from oncall.schedules import queries as schedules
from oncall.schedules.rules import compare, words
from oncall.schedules.rules.layers import Away

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.queries import Resolved

AHEAD = timedelta(days=90)
MOST_GAPS = 5


def leaving(user: User) -> list[Consequence]:
    """Give the shifts, gaps and policies of the next 90 days that closing this account changes."""
    now = timezone.now()
    rows = schedules.schedules().in_bulk(list(schedules.naming([user.pk])))
    read = schedules.resolve(sorted(rows), start=now, end=now + AHEAD)
    policies = Policy.objects.filter(Q(levels__targets__user=user)).distinct().order_by("name", "id")
    return [
        *(each for pk, one in read.items() for each in _of(rows[pk], one, user, now)),
        *(
            Consequence(
                text=f"{policy} no longer asks them.", path=reverse("oncall:policy", args=[policy.slug])
            )
            for policy in policies
        ),
    ]


def _of(row: Schedule, one: Resolved, user: User, now: datetime) -> list[Consequence]:
    end, zone = now + AHEAD, accounts.zone(row.time_zone)
    shifts = schedules.shifts_in(one, user.pk, start=now, end=end)
    if not shifts:
        return []
    path = reverse("oncall:calendar", args=[row.slug])
    gaps = compare.emptied(one.final(now, end), without(one, user.pk, now).final(now, end))
    times = "One shift" if len(shifts) == 1 else f"{len(shifts)} shifts"
    count = len(gaps) - MOST_GAPS
    return [
        *(
            Consequence(
                text=f"Nobody would be on call in {row} from {rules.clock(start, zone)} to {rules.clock(finish, zone)}.",
                path=f"{path}?from={start.astimezone(zone):%Y-%m-%d}",
                is_gap=True,
            )
            for start, finish in gaps[:MOST_GAPS]
        ),
        *(
            [
                Consequence(
                    text=f"Nobody would be on call in {row} {count} more times.", path=path, is_gap=True
                )
            ]
            if count > 0
            else []
        ),
        Consequence(
            text=f"{times} in {row} in the next {AHEAD.days} days, the first {_first(shifts[0].start, zone, now)}.",
            path=path,
        ),
    ]


def _first(start: datetime, zone: ZoneInfo, now: datetime) -> str:
    return "now" if start <= now else rules.clock(start, zone)


def without(one: Resolved, user_id: int, since: datetime) -> Resolved:
    """The schedule as it would be had somebody left at a moment."""
    gone = Away(user_id, since, None, words.NOT_ACTIVE)
    ahead = tuple(replace(each, schedule=without(each.schedule, user_id, since)) for each in one.ahead)
    return replace(one, closed=(*one.closed, gone), ahead=ahead)
