"""Say what on-call keeps of one person alone: how they are reached, and when they were not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.people.erasure import registry
from core.people.erasure.registry import Own
from oncall.models import (
    Absence,
    AbsenceCalendar,
    ContactMethod,
    FeedAddress,
    Holiday,
    HolidayRegion,
    NotificationRule,
    QuietHours,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.accounts.models import User


def register() -> None:
    registry.own("oncall", _own)


def _own(user: User) -> Iterable[Own]:
    yield Own("Notification rules", NotificationRule.objects.filter(user=user))
    yield Own("Contact methods", ContactMethod.objects.filter(user=user))
    yield Own("Quiet hours", QuietHours.objects.filter(user=user))
    yield Own("Holidays", Holiday.objects.filter(user=user))
    yield Own("Where they live, for public holidays", HolidayRegion.objects.filter(user=user))
    yield Own("Calendars of their absences", AbsenceCalendar.objects.filter(user=user))
    yield Own("Absences", Absence.objects.filter(user=user))
    yield Own("Calendar addresses", FeedAddress.objects.filter(user=user))
