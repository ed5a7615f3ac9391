"""Everybody who is on call now or soon, and whether a page would reach them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils import timezone

from core.accounts.models import User
from oncall.paging import addresses
from oncall.paging.models import ContactMethod, Page
from oncall.quiet import queries as quiet
from oncall.quiet.rules import overlaps
from oncall.readiness import rules
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from oncall.readiness.rules import Problem
    from oncall.schedules.queries import Shift

AHEAD = timedelta(days=7)
ADDRESS = "/me/notifications/"


@dataclass(frozen=True, slots=True)
class Line:
    """A person with their shifts of the next days, soonest first, and what is wrong with how they are reached."""

    user: User
    shifts: tuple[Shift, ...]
    problems: tuple[Problem, ...]
    is_now: bool

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def reasons(self) -> list[str]:
        """What is wrong, in words."""
        return [rules.WORDS[problem] for problem in self.problems]


@dataclass(frozen=True, slots=True)
class Board:
    """Everybody who is on call now or in the next days; who is on call now first, then by when it begins."""

    lines: tuple[Line, ...]

    @property
    def red(self) -> int:
        """How many of them a page may not reach."""
        return sum(not line.ready for line in self.lines)


def board(*, at: datetime | None = None) -> Board:
    """Give everybody who is on call at an instant (default: now) or in the seven days after, in a few queries."""
    instant = at or timezone.now()
    mine: defaultdict[int, list[Shift]] = defaultdict(list)
    for user_id, shift in schedules.shifts(start=instant, end=instant + AHEAD):
        mine[user_id].append(shift)
    found = standing(mine, at=instant)
    people = User.objects.active().in_bulk(mine)
    lines = [
        Line(people[pk], tuple(shifts), found[pk], shifts[0].start <= instant)
        for pk, shifts in mine.items()
        if pk in people
    ]
    return Board(tuple(sorted(lines, key=lambda line: (line.shifts[0].start, str(line.user)))))


def standing(shifts: Mapping[int, Sequence[Shift]], *, at: datetime) -> dict[int, tuple[Problem, ...]]:
    """Give what is wrong with how these people are reached in their shifts, with a few queries for all of them."""
    methods = _methods(shifts)
    answered = dict(
        Page.objects.filter(user__in=shifts, acknowledged_at__isnull=False)
        .values_list("user_id")
        .annotate(last=Max("acknowledged_at"))
    )
    silent = quiet.of(list(shifts))
    return {
        pk: rules.problems(
            methods[pk],
            answered_at=answered.get(pk),
            is_quiet=pk in silent
            and any(overlaps(silent[pk], start=shift.start, end=shift.end) for shift in own),
            at=at,
        )
        for pk, own in shifts.items()
    }


def _methods(user_ids: Collection[int]) -> dict[int, list[rules.Method]]:
    found: defaultdict[int, list[rules.Method]] = defaultdict(list)
    for row in ContactMethod.objects.filter(user__in=user_ids, is_enabled=True, verified_at__isnull=False):
        works = addresses.is_reachable(row)
        found[row.user_id].append(rules.Method(row.channel, bool(row.last_error), works))
    return found


def beginning(user_id: int, schedule_id: int, start: datetime) -> Shift | None:
    """Give the shift of a person that begins at an instant, None where the schedule has changed meanwhile."""
    edge = timedelta(seconds=1)
    found = schedules.resolve([schedule_id], start=start - edge, end=start + AHEAD)
    if schedule_id not in found:
        return None
    shifts = schedules.shifts_in(found[schedule_id], user_id, start=start - edge, end=start + AHEAD)
    return next((shift for shift in shifts if shift.start == start), None)
