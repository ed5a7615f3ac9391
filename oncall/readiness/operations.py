"""Whoever cannot be reached learns it by mail a day before the shift begins: one deadline per shift, one mail."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from core.accounts.models import User
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.quiet.queries import zone_of
from oncall.readiness import queries, rules
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from core.outbox.registry import Outcome
    from oncall.readiness.rules import Problem
    from oncall.schedules.queries import Shift

log = logging.getLogger(__name__)

CHECK = "oncall.shift_check"
WARNING = "oncall.readiness"
BEFORE = timedelta(hours=24)
AHEAD = BEFORE + timedelta(hours=1)


def plan_checks() -> int:
    """Promise a check a day before each shift that begins soon; give how many were not promised yet."""
    now = timezone.now()
    coming = [
        (user_id, shift)
        for user_id, shift in schedules.shifts(start=now, end=now + AHEAD)
        if shift.start > now
    ]
    names = {(user_id, _occurrence(shift)): shift for user_id, shift in coming}
    known = set(
        Timer.objects.filter(
            kind=CHECK, subject_id__in=[pk for pk, _ in names], occurrence__in=[name for _, name in names]
        ).values_list("subject_id", "occurrence")
    )
    new = {key: shift for key, shift in names.items() if key not in known}
    for (user_id, occurrence), shift in new.items():
        payload = {"schedule": shift.schedule_id, "start": shift.start.isoformat()}
        timers.set(
            CHECK, user_id, occurrence=occurrence, due_at=max(now, shift.start - BEFORE), payload=payload
        )
    return len(new)


def _occurrence(shift: Shift) -> str:
    return f"{shift.schedule_id}-{shift.start:%Y%m%dT%H%M%S%z}"


def check(timer: Timer) -> None:
    """Mail a person what is wrong with how they are reached, if their shift still begins when it was to begin."""
    user = User.objects.active().filter(pk=timer.subject_id).first()
    start = datetime.fromisoformat(timer.payload["start"])
    shift = queries.beginning(timer.subject_id, timer.payload["schedule"], start)
    if user is None or not user.email or shift is None:
        return
    problems = queries.standing({user.pk: [shift]}, at=timezone.now())[user.pk]
    if problems:
        outbox.put([_mail(user, shift, problems)])


def _mail(user: User, shift: Shift, problems: Sequence[Problem]) -> outbox.NewMessage:
    begins = f"{shift.start.astimezone(zone_of(user)):%A %H:%M %Z}"
    reasons = "\n".join(f"- {rules.WORDS[problem]}" for problem in problems)
    text = (
        f"Your shift in {shift.name} begins on {begins}.\n\n{reasons}\n\n"
        f"Mend it and send yourself a test page: {settings.BASE_URL}{queries.ADDRESS}"
    )
    return outbox.NewMessage(
        key=f"readiness-{user.pk}-{_occurrence(shift)}",
        client=WARNING,
        subject_id=user.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=user.email,
        user_id=user.pk,
        content={"subject": f"Pages may not reach you: your shift begins on {begins}", "text": text},
    )


def hear_warning(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when somebody could not be told that pages may not reach them."""
    for outcome in outcomes:
        if outcome.state in ("failed", "expired", "unknown"):
            log.error("user %s could not be told that pages may not reach them", outcome.user_id)
