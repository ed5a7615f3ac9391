"""Note who is away: by hand, or as a calendar of theirs says."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import User
from core.channels import secrets
from core.errors import Refused
from core.events import bus
from core.ical import reading
from core.net import fetching, http, targets
from oncall.absences.models import Absence, AbsenceCalendar, HolidayRegion
from oncall.events import AbsencesChanged

if TYPE_CHECKING:
    from datetime import datetime

MOST_ABSENCES, MOST_CALENDARS = 200, 5
EVERY = timedelta(minutes=15)
SECONDS = 12.0
"""How long one job goes on to the next calendar: with the ten seconds of the last it ends before Celery ends it."""
WINDOW = timedelta(days=730)


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


class NotAnAddress(Refused):
    """The address cannot be called; the message says why."""


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
    address = url.strip()
    if address.lower().startswith(("webcal://", "webcals://")):
        address = "https://" + address.split("://", 1)[1]
    try:
        target = targets.parse(address)
    except targets.Blocked as error:
        raise NotAnAddress(str(error)) from error
    made = AbsenceCalendar.objects.create(
        user=user, url=secrets.seal(target.url), host=target.host, only=only.strip()
    )
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
    """Read calendars that are due, each every 15 minutes; give how many it were. What is left is for the next job."""
    done, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until and (calendar := _claim()) is not None:
        _read(calendar)
        done += 1
    return done


@transaction.atomic
def _claim() -> AbsenceCalendar | None:
    """Take the calendar that is due longest, of somebody who may sign in. Its next time is written before it is read."""
    now = timezone.now()
    due = AbsenceCalendar.objects.filter(due_at__lte=now, user__is_active=True).select_related("user")
    found = due.order_by("due_at", "pk").select_for_update(skip_locked=True, of=("self",)).first()
    if found is not None:
        AbsenceCalendar.objects.filter(pk=found.pk).update(due_at=now + EVERY)
    return found


def _read(calendar: AbsenceCalendar) -> None:
    """Ask for a calendar, outside of any transaction. What cannot be read leaves the last good copy as it was."""
    try:
        data, etag = _fetched(calendar)
        now = timezone.now()
        content = reading.read(data, start=now, end=now + WINDOW, zone=people.zone(calendar.user.time_zone))
    except (http.Blocked, http.Failed, reading.Unreadable, secrets.CannotOpen) as error:
        AbsenceCalendar.objects.filter(pk=calendar.pk).update(error=str(error)[:300])
    else:
        _store(calendar, data, etag, content, now=now)


class NoCalendar(http.Failed):
    """The address answers with something else."""


def _fetched(calendar: AbsenceCalendar) -> tuple[bytes, str]:
    known = bytes(calendar.copy) if calendar.copy is not None else None
    headers = {"Accept": "text/calendar"}
    if known is not None and calendar.etag:
        headers["If-None-Match"] = calendar.etag
    answer = fetching.get(secrets.unseal(calendar.url), most_bytes=reading.MOST_BYTES, headers=headers)
    if answer.status == 304 and known is not None:
        return known, calendar.etag
    if answer.status != 200:
        raise NoCalendar(f"The address answers {answer.status} instead of a calendar.")
    return answer.body, answer.headers.get("etag", "")[:300]


@transaction.atomic
def _store(
    calendar: AbsenceCalendar, data: bytes, etag: str, content: reading.Content, *, now: datetime
) -> None:
    if not AbsenceCalendar.objects.select_for_update().filter(pk=calendar.pk).exists():
        return  # it was removed meanwhile
    AbsenceCalendar.objects.filter(pk=calendar.pk).update(
        copy=data,
        etag=etag,
        read_at=now,
        error="",
        left_out=[f"{each.title}: {each.reason}" for each in content.skipped],
    )
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


def _note(user: User, summary: str) -> None:
    bus.emit(AbsencesChanged(user.pk, summary), actor=user)
