"""Who of a schedule could be on call at some time, and how it would suit them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts import queries as accounts
from oncall.schedules import registry
from oncall.schedules.models import Participant

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule


def fitting(schedule: Schedule, start: datetime, end: datetime) -> list[tuple[User, registry.Fit]]:
    """Rank those who take turns in a schedule from then on, and the responders of its team, for [start, end)."""
    turns = Participant.objects.filter(layer__schedule=schedule, user__isnull=False).exclude(
        layer__effective_until__lte=start
    )
    team = accounts.responders([schedule.team_id]) if schedule.team_id else {}
    ids = {*turns.values_list("user", flat=True), *(pk for some in team.values() for pk in some)}
    users = {user.pk: user for user in accounts.pageable().filter(pk__in=ids)}
    return [(users[fit.user_id], fit) for fit in registry.ranked(start, end, users.values())]


def against(user: User, start: datetime, end: datetime) -> list[str]:
    """Say what speaks against somebody being on call in [start, end)."""
    return [words for fit in registry.ranked(start, end, [user]) for words in fit.against]
