"""Reads somebody else's iCalendar file: who or what, from when until when, within a window.

Nothing in the file decides how much work it makes: its size, its events and the steps of its repetitions are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.ical import lines, recurrence, times
from core.ical.lines import MOST_BYTES, MOST_EVENTS, Unreadable

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["MOST_BYTES", "MOST_EVENTS", "Content", "Event", "Skipped", "Unreadable", "read"]

LONGEST = timedelta(days=732)
MOST_STEPS = 50_000
MOST_STEPS_OF_ONE = 10_000
MOST_SKIPPED = 20
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One event, or one repetition of it, as [start, end) in UTC. People are addresses of mail in lower case."""

    uid: str
    start: datetime
    end: datetime
    title: str
    invited: tuple[str, ...]
    organizer: str
    is_all_day: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that was left out, and why."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a calendar holds in a window, soonest first, and the first of what was left out."""

    name: str
    events: tuple[Event, ...]
    skipped: tuple[Skipped, ...]


class _Work:
    """Counts the steps of repetitions, of one event and of all."""

    def __init__(self) -> None:
        self.all = self.one = 0

    def begin(self) -> None:
        self.one = 0

    def spend(self) -> None:
        self.all += 1
        self.one += 1
        if self.all > MOST_STEPS:
            raise Unreadable("The calendar repeats its events too often to be read.")
        if self.one > MOST_STEPS_OF_ONE:
            raise recurrence.NotRead("it repeats too often")


def read(data: bytes, *, start: datetime, end: datetime, zone: ZoneInfo) -> Content:
    """Give the events that overlap [start, end); dates, and times without a zone, are those of `zone`.

    Raise Unreadable for what is no calendar or too much of one. An event that cannot be read is left out and named.
    """
    if end - start > LONGEST:
        raise ValueError("the window is longer than two years")
    whole = lines.calendar(data)
    zones = _zones(whole, zone)
    work, found, skipped = _Work(), list[Event](), list[Skipped]()
    for parts in _by_uid(whole).values():
        _read_all(parts, zones, (start, end), work, found, skipped)
    found.sort(key=lambda event: (event.start, event.end, event.uid))
    return Content(whole.text("X-WR-CALNAME")[:LONGEST_TEXT], tuple(found), tuple(skipped[:MOST_SKIPPED]))


def _zones(whole: lines.Component, zone: ZoneInfo) -> times.Zones:
    named = {
        part.text("TZID"): part.text("X-LIC-LOCATION")
        for part in whole.parts
        if part.name == "VTIMEZONE" and part.first("X-LIC-LOCATION")
    }
    default = zone
    if said := whole.text("X-WR-TIMEZONE"):
        try:
            default = times.Zones(zone, named).get(said)
        except times.NoTime:
            default = zone
    return times.Zones(default, named)


def _by_uid(whole: lines.Component) -> dict[str, list[lines.Component]]:
    """The events by UID, an event and its changed repetitions together; one without a UID stands alone."""
    found: defaultdict[str, list[lines.Component]] = defaultdict(list)
    for number, part in enumerate(whole.parts):
        if part.name == "VEVENT":
            found[part.text("UID") or f"{number}"].append(part)
    return found


Window = tuple[datetime, datetime]


def _read_all(
    parts: list[lines.Component],
    zones: times.Zones,
    window: Window,
    work: _Work,
    found: list[Event],
    skipped: list[Skipped],
) -> None:
    """Read what has one UID. A changed repetition stands in for that of the event itself."""
    changed = _changed(parts, zones, skipped)
    for part in parts:
        if part.text("STATUS").upper() == "CANCELLED":
            continue
        leave = set() if part.first("RECURRENCE-ID") else changed
        try:
            work.begin()
            for event in _events(part, zones, window, work):
                if event.start not in leave:
                    found.append(event)
                _limit(found)
        except (times.NoTime, recurrence.NotRead, OverflowError) as error:
            skipped.append(_skip(part, error))


def _changed(parts: list[lines.Component], zones: times.Zones, skipped: list[Skipped]) -> set[datetime]:
    """When the repetitions would have begun that were changed one by one."""
    found: set[datetime] = set()
    for part in parts:
        if line := part.first("RECURRENCE-ID"):
            try:
                found.add(times.when(line, zones).instant)
            except times.NoTime as error:
                skipped.append(_skip(part, error))
    return found


def _limit(found: list[Event]) -> None:
    if len(found) > MOST_EVENTS:
        raise Unreadable(f"The calendar has more than {MOST_EVENTS:,} events in two years.")


def _skip(part: lines.Component, error: Exception) -> Skipped:
    reason = "its times are too far away" if isinstance(error, OverflowError) else str(error)
    return Skipped(part.text("SUMMARY")[:LONGEST_TEXT] or "an event without a title", reason)


def _events(part: lines.Component, zones: times.Zones, window: Window, work: _Work) -> Iterator[Event]:
    line = part.first("DTSTART")
    if line is None:
        raise times.NoTime("it does not say when it begins")
    first = times.when(line, zones)
    lasts = times.length(first, part.first("DTEND"), part.first("DURATION"), zones)
    if lasts.about <= timedelta():
        raise times.NoTime("it ends when or before it begins")
    if "RANGE" in (changed := part.first("RECURRENCE-ID") or line).parameters and changed is not line:
        raise times.NoTime("it changes all later repetitions at once")
    left_out = {each.instant for each in _listed(part, "EXDATE", zones, work)}
    seen: set[datetime] = set()
    for wall, zone in _walls(part, first, lasts, zones, window, work):
        begin, end = times.at(wall, zone), lasts.end(wall, zone)
        is_within = begin < end and begin < window[1] and end > window[0]
        if is_within and begin not in left_out and begin not in seen:
            seen.add(begin)
            yield Event(
                part.text("UID")[:LONGEST_TEXT],
                begin,
                end,
                part.text("SUMMARY")[:LONGEST_TEXT],
                _people(part, "ATTENDEE"),
                next(iter(_people(part, "ORGANIZER")), ""),
                first.is_date,
            )


def _walls(
    part: lines.Component,
    first: times.When,
    lasts: times.Length,
    zones: times.Zones,
    window: Window,
    work: _Work,
) -> Iterator[tuple[datetime, ZoneInfo]]:
    """When it begins, as the clocks of its zone show it."""
    rules = part.all("RRULE")
    if len(rules) > 1 or part.first("EXRULE"):
        raise recurrence.NotRead("it repeats by several rules")
    if not rules or part.first("RECURRENCE-ID"):
        yield first.wall, first.zone
    else:
        rule = recurrence.parse(rules[0].value)
        day = timedelta(days=1)
        walls = recurrence.starts(
            rule,
            first.wall,
            after=_wall(window[0], first.zone) - lasts.about - day,
            before=_wall(window[1], first.zone) + day,
            until=_until(rule, first, zones),
            spend=work.spend,
        )
        yield from ((wall, first.zone) for wall in walls)
    for each in _listed(part, "RDATE", zones, work):
        yield each.wall, each.zone


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _until(rule: recurrence.Rule, first: times.When, zones: times.Zones) -> datetime | None:
    """The last start, by the clocks of the event's zone; a date alone means all of it."""
    if not rule.until:
        return None
    last = times.written(rule.until, lines.Property(rule.until, {}), times.Zones(first.zone, zones.named))
    if last.is_date:
        return last.wall + timedelta(days=1, microseconds=-1)
    return _wall(last.instant, first.zone)


def _listed(part: lines.Component, name: str, zones: times.Zones, work: _Work) -> Iterator[times.When]:
    """The times of EXDATE or RDATE lines, each of which may hold several."""
    for line in part.all(name):
        if line.parameters.get("VALUE", "").upper() == "PERIOD":
            raise times.NoTime(f"its {name} lists stretches of time, which are not read")
        for text in line.value.strip().split(","):
            if text:
                work.spend()
                yield times.written(text, line, zones)


def _people(part: lines.Component, name: str) -> tuple[str, ...]:
    """The addresses of mail in the lines of a name."""
    found = [
        line.value.strip()[len("mailto:") :].lower()
        for line in part.all(name)
        if line.value.strip().lower().startswith("mailto:")
    ]
    return tuple(dict.fromkeys(found))[:50]
