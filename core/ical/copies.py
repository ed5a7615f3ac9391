"""Reads somebody else's calendars again and again. What cannot be read leaves the last good copy as it was."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from core.channels import secrets
from core.errors import Refused
from core.ical import reading
from core.ical.models import CalendarCopy
from core.net import fetching, http, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet

EVERY = timedelta(minutes=15)
SECONDS = 12.0
"""How long one job goes on to the next calendar: with the ten seconds of the last it ends before Celery ends it."""
WINDOW = timedelta(days=730)
HEADERS = {"Accept": "text/calendar"}

C = TypeVar("C", bound=CalendarCopy)


class NotAnAddress(Refused):
    """The address cannot be called; the message says why."""


class NoCalendar(http.Failed):
    """The address answers with something else."""


def sealed(url: str) -> tuple[str, str]:
    """Give an address as it is stored, and the host that is shown of it; refuse what cannot be called."""
    target = _target(url)
    return secrets.seal(target.url), target.host


def try_out(url: str) -> None:
    """Read an address once, in ten seconds at most, before it is kept; `NotAnAddress` says what is wrong with it."""
    now = timezone.now()
    try:
        answer = fetching.get(_target(url).url, most_bytes=reading.MOST_BYTES, headers=HEADERS)
        _check(answer.status)
        reading.read(answer.body, start=now, end=now + WINDOW, zone=ZoneInfo("UTC"))
    except (http.Blocked, http.Failed, reading.Unreadable) as error:
        raise NotAnAddress(str(error)) from error


def _target(url: str) -> targets.Target:
    address = url.strip()
    if address.lower().startswith(("webcal://", "webcals://")):
        address = "https://" + address.split("://", 1)[1]
    try:
        return targets.parse(address)
    except targets.Blocked as error:
        raise NotAnAddress(str(error)) from error


def read_due(
    rows: QuerySet[C],
    *,
    zone: Callable[[C], ZoneInfo],
    keep: Callable[[C, reading.Content, datetime], Iterable[str] | None],
) -> int:
    """Read those that are due, each every 15 minutes; give how many it were. What is left is for the next job.

    `keep` takes what a calendar holds, in the transaction that stores the copy, and gives what of it was left out,
    each with its reason; None where the calendar was removed meanwhile.
    """
    done, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until and (calendar := _claim(rows)) is not None:
        _read(calendar, rows, zone(calendar), keep)
        done += 1
    return done


@transaction.atomic
def _claim(rows: QuerySet[C]) -> C | None:
    """Take the calendar that is due longest. Its next time is written before it is read."""
    now = timezone.now()
    due = rows.filter(due_at__lte=now).order_by("due_at", "pk")
    found = due.select_for_update(skip_locked=True, of=("self",)).first()
    if found is not None:
        rows.filter(pk=found.pk).update(due_at=now + EVERY)
    return found


def _read(
    calendar: C,
    rows: QuerySet[C],
    zone: ZoneInfo,
    keep: Callable[[C, reading.Content, datetime], Iterable[str] | None],
) -> None:
    """Ask for a calendar, outside of any transaction."""
    try:
        data, etag = _fetched(calendar)
        now = timezone.now()
        content = reading.read(data, start=now, end=now + WINDOW, zone=zone)
    except (http.Blocked, http.Failed, reading.Unreadable, secrets.CannotOpen) as error:
        rows.filter(pk=calendar.pk).update(error=str(error)[:300])
        return
    with transaction.atomic():
        left_out = keep(calendar, content, now)
        if left_out is not None:
            skipped = [f"{each.title}: {each.reason}" for each in content.skipped]
            rows.filter(pk=calendar.pk).update(
                copy=data, etag=etag, read_at=now, error="", left_out=[*skipped, *left_out]
            )


def _fetched(calendar: CalendarCopy) -> tuple[bytes, str]:
    known = bytes(calendar.copy) if calendar.copy is not None else None
    headers = dict(HEADERS)
    if known is not None and calendar.etag:
        headers["If-None-Match"] = calendar.etag
    answer = fetching.get(secrets.unseal(calendar.url), most_bytes=reading.MOST_BYTES, headers=headers)
    if answer.status == 304 and known is not None:
        return known, calendar.etag
    _check(answer.status)
    return answer.body, answer.headers.get("etag", "")[:300]


def _check(status: int) -> None:
    if status != HTTPStatus.OK:
        raise NoCalendar(f"The address answers {status} instead of a calendar.")
