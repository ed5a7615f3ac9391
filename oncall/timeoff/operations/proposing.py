"""Propose time off for what people went through: once for each night, weekend and incident, for ever."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from core.accounts import queries as accounts
from core.accounts.models import User
from core.events import bus
from core.live import publish as live
from oncall.events import TimeOffChanged
from oncall.timeoff import queries, rules
from oncall.timeoff.models import TimeOff
from oncall.timeoff.operations import deadlines, notices
from oncall.timeoff.rules import Why

if TYPE_CHECKING:
    from datetime import datetime

    from oncall.timeoff.queries import Earned


def propose_now() -> int:
    """Propose what was earned lately and was not proposed yet; give how much it was. Any number may run at once."""
    return propose(timezone.now())


def propose(now: datetime) -> int:
    """Do so as of a moment, each proposal in a transaction of its own."""
    return sum(_propose(one, now) for one in queries.earned(now))


@transaction.atomic
def _propose(one: Earned, now: datetime) -> bool:
    # Two pagers that look at the same moment would each write down what the other has not yet.
    user = User.objects.select_for_update(no_key=True).get(pk=one.user.pk)
    if TimeOff.objects.filter(user=user, why=one.why, occurrence=one.occurrence).exists():
        return False
    hours = one.hours - _had(one)
    take_by = one.day + timedelta(days=one.terms.days)
    if hours <= 0 or rules.last_moment(take_by, accounts.zone(user.time_zone)) <= now:
        return False
    night = one.night
    row = TimeOff.objects.create(
        user=user,
        why=one.why,
        occurrence=one.occurrence,
        day=one.day,
        team_id=one.team_id,
        incident_id=one.incident_id,
        hours=hours,
        take_by=take_by,
        time_zone=accounts.zone(user.time_zone).key,
        count=night.count if night else 0,
        awake_minutes=night.awake // rules.MINUTE if night else 0,
        limit=one.limit,
        woken_minutes=one.terms.woken_minutes if night else 0,
    )
    row.pages.set([page.id for page in night.pages] if night else [])
    deadlines.promise(row)
    notices.proposed(row)
    bus.emit(TimeOffChanged(row.pk, user.pk, "proposed"))
    live.changed(f"home-{user.pk}")
    return True


def _had(one: Earned) -> Decimal:
    """What the same thing earned already: an incident and a night that it alone broke earn the more of the two."""
    if one.incident_id is None:
        return Decimal()
    other = Why.NIGHT if one.why is Why.INCIDENT else Why.INCIDENT
    found = TimeOff.objects.filter(user=one.user, why=other, incident=one.incident_id)
    return found.aggregate(hours=Sum("hours"))["hours"] or Decimal()
