"""How Watchbill writes times and durations. `static/elements.js` draws the same in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.dateformat import format as write

if TYPE_CHECKING:
    from datetime import datetime

DAY = 86400
FORMS = {"short": "H:i", "seconds": "H:i:s"}


def utc(at: datetime) -> str:
    """Give an instant for machines, as 2026-11-21T03:33:00Z."""
    return at.astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso(at: datetime) -> str:
    """Give an instant in full, in the zone in force, with its offset."""
    return timezone.localtime(at).isoformat(timespec="seconds")


def absolute(at: datetime, *, now: datetime) -> str:
    """Give an instant in the zone in force: the time within a day of `now`, else with its day, or year."""
    local = timezone.localtime(at)
    if abs((now - at).total_seconds()) < DAY:
        return write(local, "H:i")
    same_year = local.year == timezone.localtime(now).year
    return write(local, "D j M H:i" if same_year else "D j M Y H:i")


def day(at: datetime, *, now: datetime) -> str:
    """Give an instant's day in the zone in force, with the year where it is another one."""
    local = timezone.localtime(at)
    return write(local, "D j M" if local.year == timezone.localtime(now).year else "D j M Y")


def plain(at: datetime, form: str) -> str:
    """Give an instant in one of the fixed forms: short or seconds."""
    return write(timezone.localtime(at), FORMS[form])


def weekday(at: datetime, *, now: datetime) -> str:
    """Give an instant by its weekday, with the date where the weekday alone would name another day."""
    days = abs((timezone.localtime(at).date() - timezone.localtime(now).date()).days)
    return write(timezone.localtime(at), "D H:i" if days < 7 else "D j M H:i")


def full(at: datetime) -> str:
    """Give an instant with day, year and zone."""
    return write(timezone.localtime(at), "D j M Y H:i T")


def relative(at: datetime, *, now: datetime) -> str:
    """Give the distance to `now` in one unit; nothing beyond a day."""
    seconds = (now - at).total_seconds()
    if abs(seconds) >= DAY:
        return ""
    if abs(seconds) < 45:
        return "just now"
    minutes = round(abs(seconds) / 60)
    distance = f"{minutes} min" if minutes < 60 else f"{round(abs(seconds) / 3600)} h"
    return f"{distance} ago" if seconds > 0 else f"in {distance}"


def clock(seconds: float) -> str:
    """Give a duration as it stands on a clock: 37:12, 3:12:40, 1 d 18 h."""
    whole = max(0, int(seconds))
    if whole >= DAY:
        return f"{whole // DAY} d {whole % DAY // 3600} h"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def words(seconds: float) -> str:
    """Give a duration in words: 40 s, 48 min, 2 h 05 min, 1 d 18 h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
