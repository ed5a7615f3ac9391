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
from oncall.schedules import operations as changing
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

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
    _tell_schedules(user)
    return made


@transaction.atomic
def remove(absence: Absence) -> None:
    """Take an absence back; one that has begun ends now, because it may have passed on a turn."""
    _note(absence.user, f"away no more: {absence}")
    _drop(Absence.objects.filter(pk=absence.pk), at=timezone.now())
    _tell_schedules(absence.user)


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
    """Read a calendar no longer; its absences go with it, but for what has passed."""
    _note(calendar.user, f"calendar of absences no more: {calendar.host}")
    _drop(Absence.objects.filter(calendar=calendar), at=timezone.now())
    Absence.objects.filter(calendar=calendar).update(calendar=None)
    calendar.delete()
    _tell_schedules(calendar.user)


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
    gone, new = stored.keys() - wanted, sorted(wanted - stored.keys())
    _drop(Absence.objects.filter(pk__in=[stored[key] for key in gone]), at=now)
    Absence.objects.bulk_create(
        Absence(user_id=calendar.user_id, calendar=calendar, start=start, end=end, note=title)
        for start, end, title in new
    )
    if gone or new:
        _tell_schedules(calendar.user)
    return []


def _drop(rows: QuerySet[Absence], *, at: datetime) -> None:
    """Take absences back that are to come; those that have begun end now, and those that are over stay."""
    rows.filter(start__gte=at).delete()
    rows.filter(start__lt=at, end__gt=at).update(end=at)


def _tell_schedules(user: User) -> None:
    """Say that others may be on call now in the schedules that pass over whoever is away."""
    for schedule in schedules.passing_over(user):
        changing.changed(schedule, at=timezone.now(), summary="Somebody is away, or is not", actor=user)


def _note(user: User, summary: str) -> None:
    bus.emit(AbsencesChanged(user.pk, summary), actor=user)
