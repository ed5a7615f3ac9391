"""How long those who hand a schedule over talk, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from oncall.handoffs.models import USUAL_MINUTES, HandoffTalk

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from oncall.handoffs.models import Handoff
    from oncall.schedules.models import Schedule
    from oncall.schedules.queries import Watch


@dataclass(frozen=True, slots=True)
class Talk:
    """For how long people talk at each hand-off, how often that was changed, and when last."""

    length: timedelta
    changes: int = 0
    changed_at: datetime | None = None


_USUAL = Talk(timedelta(minutes=USUAL_MINUTES))


def talks(schedule_ids: Collection[int]) -> dict[int, Talk]:
    """Give how long people talk at the hand-offs of these schedules."""
    said = HandoffTalk.objects.in_bulk(schedule_ids)
    return {
        pk: Talk(timedelta(minutes=row.minutes), row.changes, row.changed_at)
        if (row := said.get(pk))
        else _USUAL
        for pk in schedule_ids
    }


def talk_length(schedule: Schedule) -> timedelta:
    """Give how long people talk at a hand-off of a schedule."""
    return talks([schedule.pk])[schedule.pk].length


def talk_minutes(schedule: Schedule) -> int:
    """Give for how many minutes people talk at a hand-off of a schedule."""
    return talk_length(schedule) // timedelta(minutes=1)


def talk_until(found: Handoff, watch: Watch, length: timedelta) -> datetime | None:
    """Give until when those of a hand-off talk; nothing where nobody goes or nobody comes, and when it is over."""
    at = found.at or watch.now.until
    goes, comes = set(found.outgoing), set(found.incoming)
    if not found.at:
        goes, comes = ({user.pk for user in some} for some in (watch.people, watch.next_people))
    if not (at and length and goes - comes and comes - goes) or at + length <= timezone.now():
        return None
    return at + length
