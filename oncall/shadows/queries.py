"""Who shadows whom: which trainees are paged along with those on call."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.accounts import queries as people
from oncall.schedules.registry import Mark
from oncall.shadows.models import Shadow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.registry import Seen

log = logging.getLogger(__name__)

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Trainee:
    """Somebody who is paged along, and why; `wait` is how long those on call (`of`) wait for one who is in front."""

    id: int
    why: str
    of: tuple[int, ...] = ()
    wait: timedelta | None = None

    @property
    def is_in_front(self) -> bool:
        """Whether they are paged first."""
        return self.wait is not None


def between(schedule_ids: Collection[int], *, start: datetime, end: datetime) -> dict[int, list[Shadow]]:
    """Give the shadows of these schedules that count somewhere in [start, end), by schedule."""
    found: defaultdict[int, list[Shadow]] = defaultdict(list)
    if not schedule_ids:
        return found
    rows = Shadow.objects.select_related("trainee", "follows").filter(
        Q(ended_at=None) | (Q(ended_at__gt=F("start")) & Q(ended_at__gt=start)),
        schedule__in=schedule_ids,
        start__lt=end,
        end__gt=start,
    )
    for row in rows.order_by("start", "pk"):
        found[row.schedule_id].append(row)
    return found


def readable(schedule_ids: Collection[int], *, start: datetime, end: datetime) -> dict[int, list[Shadow]]:
    """The same for who pages: that this cannot be read keeps nobody from being paged."""
    if not schedule_ids:
        return {}
    try:
        with transaction.atomic():
            return between(schedule_ids, start=start, end=end)
    except Exception:
        log.exception("the shadows of schedules %s could not be read", schedule_ids)
        return {}


def until(shadow: Shadow) -> datetime:
    """When it ends, or was ended."""
    return shadow.end if shadow.ended_at is None else min(shadow.end, shadow.ended_at)


def along(shadows: Collection[Shadow], users: Collection[int], *, at: datetime) -> tuple[Trainee, ...]:
    """Give the trainees who are paged along with these people at an instant; who has two shadows is in front by neither.

    Nobody is in front of nobody: where nobody is on call there is no trainee.
    """
    found: dict[int, Trainee] = {}
    for one in shadows:
        counts = one.start <= at < until(one) and one.trainee.is_active
        if counts and users and one.trainee_id not in users and (one.follows_id or -1) in (-1, *users):
            trainee = _trainee(one, users)
            if one.trainee_id not in found or not trainee.is_in_front:
                found[one.trainee_id] = trainee
    return tuple(found.values())


def _trainee(one: Shadow, users: Collection[int]) -> Trainee:
    if not one.is_reverse:
        return Trainee(one.trainee_id, f"shadows {one.follows or 'who is on call'}")
    of = (one.follows_id,) if one.follows_id else tuple(users)
    why = f"in front of {one.follows or 'who is on call'}, to learn"
    return Trainee(one.trainee_id, why, of, timedelta(minutes=one.delay_minutes))


def of(schedule: Schedule) -> QuerySet[Shadow]:
    """The shadows of a schedule that are not over, soonest first."""
    rows = Shadow.objects.select_related("trainee", "follows", "created_by", "schedule__team")
    now = timezone.now()
    lasts = Q(ended_at=None) | Q(ended_at__gt=now)
    return rows.filter(lasts, schedule=schedule, end__gt=now).order_by("start", "pk")


def get(schedule: Schedule, pk: int) -> Shadow:
    """One of them; 404 where absent or over."""
    return get_object_or_404(of(schedule), pk=pk)


def trainees() -> QuerySet[User]:
    """Who may shadow: everybody who may be paged."""
    return people.pageable()


def _before(one: Shadow) -> str:
    return f", paged {one.delay_minutes} min before them" if one.is_reverse and one.delay_minutes else ""


def marks(seen: Seen) -> list[tuple[date, Mark]]:
    """Mark the days of a calendar on which somebody shadows; the first of them says who, and why."""
    found = []
    for one in between([seen.schedule_id], start=seen.start, end=seen.end)[seen.schedule_id]:
        said = f"{one}{_before(one)}" + (f": {one.reason}" if one.reason else "")
        day = max(one.start, seen.start).astimezone(seen.zone).date()
        last = (min(until(one), seen.end) - timedelta(microseconds=1)).astimezone(seen.zone).date()
        while day <= last:
            found.append((day, Mark("shadow", said)))
            day, said = day + DAY, ""
    return found


def ending(schedule_id: int) -> list[str]:
    """Say how many trainees follow nobody any more once a schedule is gone."""
    count = Shadow.objects.filter(schedule=schedule_id, ended_at=None, end__gt=timezone.now()).count()
    return (
        [f"{count} trainee{'' if count == 1 else 's'} who shadow{'s' if count == 1 else ''} it."]
        if count
        else []
    )
