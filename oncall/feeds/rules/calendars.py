"""Writes shifts as iCalendar (RFC 5545), as Apple Calendar, Google Calendar and Outlook read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from icalendar import Calendar, Event, Timezone, vText

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from oncall.feeds.rules.published import Published

EVERY = timedelta(hours=1)
"""How often a calendar is asked to look again. Google looks when it likes."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A shift with its words: a title, and the schedule's page for people."""

    shift: Published
    title: str
    page: str


def write(entries: Sequence[Entry], *, name: str, zone: ZoneInfo) -> bytes:
    """Give the calendar; times are those of a zone, which it describes for readers that do not know it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Watchbill//On-call//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _text(name))
    calendar.add("x-wr-timezone", vText(zone.key))
    calendar.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    if entries and not _is_utc(zone):
        first = min(entry.shift.start for entry in entries) - timedelta(days=1)
        last = max(entry.shift.end for entry in entries) + timedelta(days=1)
        calendar.add_component(Timezone.from_tzid(zone.key, first_date=first.date(), last_date=last.date()))
    for entry in entries:
        calendar.add_component(_event(entry, zone))
    return bytes(calendar.to_ical())


def _event(entry: Entry, zone: ZoneInfo) -> Event:
    shift = entry.shift
    event = Event()
    event.add("uid", vText(shift.uid))
    event.add("dtstamp", shift.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", shift.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", shift.sequence)
    event.add("dtstart", _time(shift.start, zone))
    event.add("dtend", _time(shift.end, zone))
    event.add("summary", _text(entry.title))
    event.add("url", entry.page)
    event.add("status", "CANCELLED" if shift.cancelled_at else "CONFIRMED")
    # Who is on call can still be invited to a meeting.
    event.add("transp", "TRANSPARENT")
    event.add("x-microsoft-cdo-busystatus", vText("FREE"))
    return event


def _time(moment: datetime, zone: ZoneInfo) -> datetime:
    """The time as the zone's clocks show it; in UTC where they show it for the second time, which has no other name."""
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if _is_utc(zone) or local.fold else local


def _is_utc(zone: ZoneInfo) -> bool:
    return zone.key in {"UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}


def _text(words: str) -> vText:
    return vText(_CONTROL.sub(" ", words).strip())
