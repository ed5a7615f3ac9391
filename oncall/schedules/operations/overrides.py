"""Exceptions to the rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.errors import Refused
from oncall.schedules.models import Override
from oncall.schedules.operations.changes import PastIsFixed, changed, locked

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from oncall.schedules.models import Layer, Schedule


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
    layer: Layer | None = None,
    reason: str = "",
    actor: User | None,
) -> Override:
    """Put somebody on call in [start, end): instead of `replaces`, or of everybody when nobody is named.

    A stretch that has begun counts from now. With a `layer` it changes what that rotation says, and no other.
    """
    if end <= start:
        raise EndsBeforeItStarts("The override has to end after it starts.")
    mine = locked(schedule)
    now = timezone.now()
    if end <= now:
        raise PastIsFixed("This stretch is over already.")
    override = Override.objects.create(
        schedule=mine,
        start=max(start, now),
        end=end,
        user=user,
        replaces=replaces,
        layer=layer.lineage if layer else None,
        reason=reason,
        created_by=actor,
    )
    who = user.name if user else "nobody"
    changed(mine, at=override.start, summary=f"Override: {who}", actor=actor)
    return override


@transaction.atomic
def cancel_override(override: Override, *, actor: User | None) -> None:
    """Take an override back; one that has begun ends now, so that the past stays as it was."""
    schedule = locked(override.schedule)
    fresh = Override.objects.get(pk=override.pk)
    now = timezone.now()
    if fresh.end <= now:
        raise AlreadyOver("This override is over; it stays in the record.")
    if fresh.cancelled_at is not None:
        return
    if fresh.start < now:
        Override.objects.filter(pk=fresh.pk).update(end=now)
    else:
        Override.objects.filter(pk=fresh.pk).update(cancelled_at=now)
    changed(schedule, at=now, summary="Override cancelled", actor=actor)
