"""Times of an iCalendar file: dates, moments in a zone, and how long something lasts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.ical.lines import Property

_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MOMENT = re.compile(r"([0-9]{8})T([0-9]{2})([0-9]{2})([0-9]{2})(Z?)")
_DURATION = re.compile(
    r"\+?P(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?"
)
YEARS = range(1900, 2200)


class NoTime(ValueError):
    """A time that cannot be read; the message says why, as the end of "It was left out: ..."."""


@dataclass(frozen=True, slots=True)
class When:
    """What the clocks of a zone show; without a time of day it is the whole date."""

    wall: datetime
    zone: ZoneInfo
    is_date: bool = False

    @property
    def instant(self) -> datetime:
        """The moment in UTC: one that does not exist moves forward with the clock, one that comes twice is the first."""
        return at(self.wall, self.zone)


@dataclass(frozen=True, slots=True)
class Zones:
    """Which zone a name means in this file; `default` is that of times without one."""

    default: ZoneInfo
    named: Mapping[str, str]

    def get(self, name: str) -> ZoneInfo:
        """The zone of a TZID: an IANA name, one that ends in it, one of Windows, or what the file says it is."""
        found = _known(self.named.get(name) or name) or _known(name)
        if found is None:
            raise NoTime(f'its time zone "{name[:60]}" is not known')
        return found


@lru_cache(maxsize=512)
def _known(name: str) -> ZoneInfo | None:
    name = name.strip()
    parts = name.split("/")
    endings = ["/".join(parts[-count:]) for count in (3, 2) if count < len(parts)]
    for candidate in filter(None, (name, WINDOWS_TO_OLSON.get(name), *endings)):
        try:
            return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of a zone show a time."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def when(line: Property, zones: Zones) -> When:
    """Read the time of a line such as DTSTART."""
    return written(line.value.strip(), line, zones)


def written(text: str, line: Property, zones: Zones) -> When:
    """Read one time, of a line that may hold several."""
    moment = _MOMENT.fullmatch(text)
    try:
        if moment:
            second = min(int(moment[4]), 59)  # 60 is a leap second
            wall = datetime.combine(_date(moment[1]), time(int(moment[2]), int(moment[3]), second))
            return When(wall, _zone(line, zones, in_utc=bool(moment[5])))
        return When(datetime.combine(_date(text), time()), zones.default, is_date=True)
    except ValueError as error:
        raise (error if isinstance(error, NoTime) else NoTime(f'"{text[:30]}" is no time')) from error


def _zone(line: Property, zones: Zones, *, in_utc: bool) -> ZoneInfo:
    if in_utc:
        return ZoneInfo("UTC")
    return zones.get(line.parameters["TZID"]) if "TZID" in line.parameters else zones.default


def _date(text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise NoTime(f'"{text[:30]}" is no time')
    year, month, day = (int(part) for part in found.groups())
    if year not in YEARS:
        raise NoTime(f"it lies in the year {year}")
    return date(year, month, day)


@dataclass(frozen=True, slots=True)
class Length:
    """How long an event lasts: days by the clock on the wall, then hours as they pass.

    The first of its repetitions ends exactly when it says, also in an hour that comes twice.
    """

    wall: timedelta
    passing: timedelta = timedelta()
    first: When | None = None
    first_end: datetime | None = None

    def end(self, start: datetime, zone: ZoneInfo) -> datetime:
        """When an event ends that begins at a wall-clock time."""
        first = self.first
        if first is not None and self.first_end is not None and (first.wall, first.zone) == (start, zone):
            return self.first_end
        return at(start + self.wall, zone) + self.passing

    @property
    def about(self) -> timedelta:
        """The length of the first."""
        if self.first is not None and self.first_end is not None:
            return self.first_end - self.first.instant
        return self.wall + self.passing


def length(start: When, end: Property | None, duration: Property | None, zones: Zones) -> Length:
    """Read how long something lasts: until DTEND, or DURATION, or the date of its start."""
    if end is not None:
        until = when(end, zones)
        if until.is_date != start.is_date:
            raise NoTime("it begins on a date and ends at a time")
        # Each repetition ends at the same time of the clock, as calendars draw it.
        wall = until.instant.astimezone(start.zone).replace(tzinfo=None) - start.wall
        return Length(wall, first=start, first_end=until.instant)
    if duration is not None:
        return _duration(duration.value.strip())
    return Length(timedelta(days=1) if start.is_date else timedelta())


def _duration(text: str) -> Length:
    found = _DURATION.fullmatch(text)
    if found is None or text in {"P", "PT"}:
        raise NoTime(f'"{text[:30]}" is no length of time')
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return Length(timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds))
