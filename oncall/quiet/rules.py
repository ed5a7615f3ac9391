"""When somebody is left alone with what can wait: hours of the week and whole days, by their own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SLACK = timedelta(minutes=1)
"""Quiet time that is nearly over is not waited for: who is paged in its last minute is paged at once."""
LONGEST = timedelta(days=7)
"""Nothing waits longer than this, whatever the rules add up to."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` until `end` on these weekdays (0 is Monday); an end before the start is on the next day."""

    weekdays: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Quiet:
    """A person's quiet hours and holidays in their zone."""

    zone: ZoneInfo
    hours: tuple[Hours, ...] = ()
    days: frozenset[date] = frozenset()


def waits_until(quiet: Quiet, *, at: datetime) -> datetime | None:
    """Give until when what comes at an instant waits, None when it does not; adjoining stretches are one."""
    end = at
    while end - at < LONGEST and (further := _end(quiet, end)) is not None:
        end = further
    return min(end, at + LONGEST) if end - at > SLACK else None


def overlaps(quiet: Quiet, *, start: datetime, end: datetime) -> bool:
    """Say whether any quiet time lies within [start, end)."""
    first, last = (moment.astimezone(quiet.zone).date() for moment in (start, end))
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 1)]
    stretches = [
        _stretch(quiet, hours, day)
        for day in days
        for hours in quiet.hours
        if day.weekday() in hours.weekdays
    ]
    stretches += [
        (instant(day, time(), quiet.zone), instant(day + timedelta(days=1), time(), quiet.zone))
        for day in days
        if day in quiet.days
    ]
    return any(begins < end and ends > start for begins, ends in stretches)


def _end(quiet: Quiet, at: datetime) -> datetime | None:
    """The end of the longest stretch that an instant lies in."""
    today = at.astimezone(quiet.zone).date()
    stretches = [
        _stretch(quiet, hours, day)
        for day in (today - timedelta(days=1), today)
        for hours in quiet.hours
        if day.weekday() in hours.weekdays
    ]
    if today in quiet.days:
        stretches.append((at, instant(today + timedelta(days=1), time(), quiet.zone)))
    return max((end for start, end in stretches if start <= at < end), default=None)


def _stretch(quiet: Quiet, hours: Hours, day: date) -> tuple[datetime, datetime]:
    last = day if hours.end > hours.start else day + timedelta(days=1)
    return instant(day, hours.start, quiet.zone), instant(last, hours.end, quiet.zone)


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Give when the clocks of a zone show a time on a date."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def said(until: datetime, *, zone: ZoneInfo) -> str:
    """Write until when something waits, as Monday 07:00 CET."""
    return f"{until.astimezone(zone):%A %H:%M %Z}"


def days_said(weekdays: frozenset[int]) -> str:
    """Write weekdays as people say them, as Monday to Friday."""
    if len(weekdays) == len(WEEKDAYS):
        return "every day"
    days = sorted(weekdays)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    names = [WEEKDAYS[day] for day in days]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
