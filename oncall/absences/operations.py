"""Note who is away: by hand, or as a calendar of theirs says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import User
from core.errors import Refused
from core.events import bus
from core.ical import copies
from oncall.absences.models import Absence, AbsenceCalendar, HolidayRegion
from oncall.events import AbsencesChanged

if TYPE_CHECKING:
    from datetime import datetime

    from core.ical import reading

MOST_ABSENCES, MOST_CALENDARS = 200, 5


class EndsBeforeItStarts(Refused):
    def __init__(self) -> None:
        super().__init__("The absence has to end after it starts.")


class AlreadyOver(Refused):
    def __init__(self) -> None:
        super().__init__("This stretch is over already.")


class TooManyAbsences(Refused):
    def __init__(self) -> None:
        super().__init__(
            f"{MOST_ABSENCES} absences and {MOST_CALENDARS} calendars are the most a person can have."
        )


@transaction.atomic
def add(user: User, *, start: datetime, end: datetime, note: str = "") -> Absence:
    """Note that a person is away in [start, end)."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if end <= start:
        raise EndsBeforeItStarts
    if end <= timezone.now():
        raise AlreadyOver
    if Absence.objects.filter(user=user, calendar=None, end__gt=timezone.now()).count() >= MOST_ABSENCES:
        raise TooManyAbsences
    made = Absence.objects.create(user=user, start=start, end=end, note=note)
    _note(user, f"away: {made}")
    return made


@transaction.atomic
def remove(absence: Absence) -> None:
    """Take an absence back."""
    _note(absence.user, f"away no more: {absence}")
    absence.delete()


@transaction.atomic
def add_calendar(user: User, *, url: str, only: str = "") -> AbsenceCalendar:
    """Read a person's absences from an iCalendar address from now on."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if AbsenceCalendar.objects.filter(user=user).count() >= MOST_CALENDARS:
        raise TooManyAbsences
    address, host = copies.sealed(url)
    made = AbsenceCalendar.objects.create(user=user, url=address, host=host, only=only.strip())
    _note(user, f"calendar of absences: {made.host}")
    return made


@transaction.atomic
def remove_calendar(calendar: AbsenceCalendar) -> None:
    """Read a calendar no longer; its absences go with it."""
    _note(calendar.user, f"calendar of absences no more: {calendar.host}")
    calendar.delete()


@transaction.atomic
def set_region(user: User, *, country: str, region: str = "") -> None:
    """Say where a person lives; no country says nothing any more."""
    if country:
        HolidayRegion.objects.update_or_create(user=user, defaults={"country": country, "region": region})
    else:
        HolidayRegion.objects.filter(user=user).delete()


def read_due() -> int:
    """Read the calendars that are due, of people who may sign in; give how many it were."""
    rows = AbsenceCalendar.objects.filter(user__is_active=True).select_related("user")
    return copies.read_due(rows, zone=lambda one: people.zone(one.user.time_zone), keep=_keep)


def _keep(calendar: AbsenceCalendar, content: reading.Content, now: datetime) -> list[str] | None:
    """Let the events of a calendar be its person's absences. What is over stays."""
    if not AbsenceCalendar.objects.select_for_update().filter(pk=calendar.pk).exists():
        return None  # it was removed meanwhile
    word = calendar.only.casefold()
    wanted = {
        (event.start, event.end, event.title) for event in content.events if word in event.title.casefold()
    }
    stored = {
        (row.start, row.end, row.note): row.pk
        for row in Absence.objects.filter(calendar=calendar, end__gt=now)
    }
    Absence.objects.filter(pk__in=[pk for key, pk in stored.items() if key not in wanted]).delete()
    Absence.objects.bulk_create(
        Absence(user_id=calendar.user_id, calendar=calendar, start=start, end=end, note=title)
        for start, end, title in sorted(wanted - stored.keys())
    )
    return []


def _note(user: User, summary: str) -> None:
    bus.emit(AbsencesChanged(user.pk, summary), actor=user)
