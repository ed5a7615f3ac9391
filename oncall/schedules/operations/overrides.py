"""Exceptions to the rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.errors import Refused
from oncall.schedules.models import Override
from oncall.schedules.operations.changes import PastIsFixed, changed

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Schedule


class EndsBeforeItStarts(Refused):
    """An override needs a stretch of time."""


class AlreadyOver(Refused):
    """An override that has ended stays as the record of what was."""


@transaction.atomic
def add_override(
    schedule: Schedule,
    *,
    start: datetime,
    end: datetime,
    user: User | None,
    replaces: User | None = None,
    reason: str = "",
    actor: User | None,
) -> Override:
    """Put somebody on call in [start, end): instead of `replaces`, or of everybody when nobody is named."""
    if end <= start:
        raise EndsBeforeItStarts("The override has to end after it starts.")
    if end <= timezone.now():
        raise PastIsFixed("This stretch is over already.")
    override = Override.objects.create(
        schedule=schedule, start=start, end=end, user=user, replaces=replaces, reason=reason, created_by=actor
    )
    who = user.name if user else "nobody"
    changed(schedule, at=start, summary=f"Override: {who}", actor=actor)
    return override


@transaction.atomic
def cancel_override(override: Override, *, actor: User | None) -> None:
    """Take an override back; one that has begun ends now, so that the past stays as it was."""
    now = timezone.now()
    if override.end <= now:
        raise AlreadyOver("This override is over; it stays in the record.")
    if override.start < now:
        Override.objects.filter(pk=override.pk).update(end=now)
    else:
        Override.objects.filter(pk=override.pk).update(cancelled_at=now)
    changed(override.schedule, at=now, summary="Override cancelled", actor=actor)
