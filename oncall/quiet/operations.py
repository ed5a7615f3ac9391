"""A person says when what can wait has to wait. It counts from the next page on, and for what waits already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.accounts.models import User
from core.errors import Refused
from core.events import bus
from oncall import events
from oncall.quiet.models import Holiday, QuietHours

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, time

MOST_HOURS = 20
MOST_HOLIDAYS = 200


class NoStretch(Refused):
    """Quiet hours begin on some day and last for a while."""


class SameHoliday(Refused):
    def __init__(self) -> None:
        super().__init__("You have this holiday already.")


class TooMuchQuiet(Refused):
    def __init__(self) -> None:
        super().__init__(
            f"{MOST_HOURS} quiet hours and {MOST_HOLIDAYS} holidays are the most that a person can have."
        )


@transaction.atomic
def add_hours(user: User, *, weekdays: Collection[int], start: time, end: time) -> QuietHours:
    """Let low urgency wait for a person from `start` until `end` on weekdays (0 is Monday), in their zone."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not weekdays or start == end:
        raise NoStretch("Choose a day at least, and an end that is not the start.")
    if QuietHours.objects.filter(user=user).count() >= MOST_HOURS:
        raise TooMuchQuiet
    made = QuietHours.objects.create(user=user, weekdays=sorted(set(weekdays)), start=start, end=end)
    _note(user, f"quiet hours: {made}")
    return made


@transaction.atomic
def remove_hours(hours: QuietHours) -> None:
    """Take quiet hours back."""
    _note(hours.user, f"quiet hours no more: {hours}")
    hours.delete()


@transaction.atomic
def add_holiday(user: User, *, day: date, name: str = "") -> Holiday:
    """Let low urgency wait for a person on a date, from midnight to midnight in their zone."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Holiday.objects.filter(user=user).count() >= MOST_HOLIDAYS:
        raise TooMuchQuiet
    made, new = Holiday.objects.get_or_create(user=user, day=day, defaults={"name": name})
    if not new:
        raise SameHoliday
    _note(user, f"holiday: {made}")
    return made


@transaction.atomic
def remove_holiday(holiday: Holiday) -> None:
    """Take a holiday back."""
    _note(holiday.user, f"holiday no more: {holiday}")
    holiday.delete()


def _note(user: User, summary: str) -> None:
    bus.emit(events.NotificationRulesChanged(user.pk, summary), actor=user)
