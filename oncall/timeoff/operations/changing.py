"""What a person does with the time off that they have earned, and what their managers say it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts import policy
from core.accounts import queries as accounts
from core.accounts.models import Team, User
from core.accounts.policy import Verb
from core.errors import Refused
from core.events import bus
from oncall.absences import operations as absences
from oncall.events import TimeOffTermsChanged
from oncall.load.rules.spans import midnight
from oncall.timeoff import rules
from oncall.timeoff.models import TimeOff, TimeOffTerms
from oncall.timeoff.operations import deadlines
from oncall.timeoff.rules import State

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

NOTE = "Time off"
LONGEST = timedelta(days=31)


class NotNow(Refused):
    """It is too late for that; the message says why."""


class ChangedMeanwhile(Refused):
    def __init__(self) -> None:
        super().__init__("It was changed meanwhile. Look at it again.")


class Unfit(Refused):
    """These times make no sense; the message says why."""


@transaction.atomic
def plan(row: TimeOff, *, start: datetime, end: datetime, seen: int | None = None, actor: User) -> TimeOff:
    """Say when it is taken, or when it was. While it is to come it is an absence, which schedules show."""
    fresh = _locked(row, seen)
    if fresh.state not in (State.PROPOSED, State.PLANNED):
        raise NotNow(f"It is {fresh.state} already.")
    _check(fresh, start, end)
    _forget_absence(fresh)
    now = timezone.now()
    if end > now:
        fresh.absence = absences.add(fresh.user, start=start, end=end, note=NOTE)
    fresh.start, fresh.end = start, end
    is_over = end <= now
    deadlines.move(
        fresh,
        State.TAKEN if is_over else State.PLANNED,
        "taken" if is_over else "planned",
        actor=actor,
    )
    if not is_over:
        deadlines.promise_end(fresh)
    return fresh


def _check(row: TimeOff, start: datetime, end: datetime) -> None:
    zone = accounts.zone(row.time_zone)
    if end <= start:
        raise Unfit("It has to end after it starts.")
    if end - start > LONGEST:
        raise Unfit(f"It is {LONGEST.days} days at most.")
    if start < midnight(row.day, zone):
        raise Unfit(f"It was earned on {row.day:%d %b %Y}: it cannot be taken before.")
    if end > rules.last_moment(row.take_by, zone):
        raise Unfit(f"{row.take_by:%A %d %b %Y} is the last day on which it can be taken.")


@transaction.atomic
def decline(row: TimeOff, *, reason: str = "", seen: int | None = None, actor: User) -> TimeOff:
    """Say that it is not wanted."""
    fresh = _locked(row, seen)
    if fresh.state not in (State.PROPOSED, State.PLANNED):
        raise NotNow(f"It is {fresh.state} already.")
    _forget_absence(fresh)
    fresh.start = fresh.end = None
    fresh.reason = reason.strip()
    deadlines.move(fresh, State.DECLINED, "declined", actor=actor)
    return fresh


@transaction.atomic
def reopen(row: TimeOff, *, seen: int | None = None, actor: User) -> TimeOff:
    """Take a plan or a refusal back: it can be planned again until its last day is over."""
    fresh = _locked(row, seen)
    if fresh.state not in (State.PLANNED, State.DECLINED):
        raise NotNow(f"It is {fresh.state}: there is nothing to take back.")
    if rules.last_moment(fresh.take_by, accounts.zone(fresh.time_zone)) <= timezone.now():
        raise NotNow(f"Its last day was {fresh.take_by:%A %d %b %Y}.")
    _forget_absence(fresh)
    fresh.start = fresh.end = None
    fresh.reason = ""
    deadlines.move(fresh, State.PROPOSED, "proposed", actor=actor)
    return fresh


def _locked(row: TimeOff, seen: int | None) -> TimeOff:
    User.objects.select_for_update(no_key=True).get(pk=row.user_id)
    found = TimeOff.objects.select_for_update(of=("self",)).select_related("user", "absence", "team")
    fresh = found.get(pk=row.pk)
    if seen is not None and fresh.version != seen:
        raise ChangedMeanwhile
    return fresh


def _forget_absence(row: TimeOff) -> None:
    if row.absence is None:
        return
    absence, row.absence = row.absence, None
    TimeOff.objects.filter(pk=row.pk).update(absence=None)
    absences.remove(absence)


@transaction.atomic
def set_terms(*, team: Team | None, actor: User, **given: Any) -> TimeOffTerms:
    """Say how much time off being on call earns from now on, in a team or in every team without its own."""
    policy.require(actor, Verb.CONFIGURE if team else Verb.ADMIN, team)
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    found, _ = TimeOffTerms.objects.update_or_create(
        team=team, defaults={**given, "created_by": actor, "changed_at": timezone.now()}
    )
    bus.emit(TimeOffTermsChanged(found.pk, team.pk if team else None), actor=actor)
    return found
