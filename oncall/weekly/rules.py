"""When a weekly summary is due, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from oncall.quiet.rules import instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

MOST = 30
"""So many lines of one kind are written; the rest is counted."""
AHEAD = timedelta(days=14)
TEAM_AHEAD = timedelta(days=7)


def next_moment(weekday: int, hour: int, *, zone: ZoneInfo, after: datetime) -> datetime:
    """Give the next instant at which the clocks of a zone show this hour of this weekday."""
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(9))
    found = (instant(day, time(hour), zone) for day in days if day.weekday() == weekday)
    return next(at for at in found if at > after)


def occurrence(at: datetime, *, zone: ZoneInfo) -> str:
    """Name the week of an instant: there is one summary in each."""
    year, week, _ = at.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


@dataclass(frozen=True, slots=True)
class Line:
    """Something from one moment to another, as a shift."""

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What somebody has to know of their week: ahead, wanted of them, and behind."""

    zone: ZoneInfo
    shifts: tuple[Line, ...] = ()
    swaps: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    away: tuple[Line, ...] = ()
    worries: tuple[str, ...] = ()
    pages: int = 0
    out_of_hours: int = 0
    woken: int = 0

    @property
    def is_worth_it(self) -> bool:
        """Whether there is anything to say."""
        lists = (self.shifts, self.swaps, self.wanted, self.away, self.worries)
        return bool(self.pages) or any(lists)


def subject(summary: Summary) -> str:
    """Give one line: how many shifts are ahead, and how many pages are behind."""
    ahead = number(len(summary.shifts), "shift") if summary.shifts else "no shift"
    behind = number(summary.pages, "page") if summary.pages else "no page"
    return f"Your week on call: {ahead} in the next two weeks, {behind} last week"


def text(summary: Summary, *, url: str, settings_url: str) -> str:
    """Put a week into words."""
    parts = [
        _titled("Your shifts of the next two weeks", _spans(summary.shifts, summary.zone)),
        _titled("You are away while on call", _spans(summary.away, summary.zone)),
        _titled("Wanted of you", summary.wanted),
        _titled("Your swaps and requests", summary.swaps),
        _titled("What will be wrong with your schedules", summary.worries),
        f"Last week: {behind(summary)}.",
        url,
        f"Another day, another hour, or none: {settings_url}",
    ]
    return "\n\n".join(part for part in parts if part)


def behind(summary: Summary) -> str:
    """Say how often somebody was paged last week."""
    if not summary.pages:
        return "you were not paged"
    nights = f"woken in {number(summary.woken, 'night')}" if summary.woken else "not woken"
    return f"{number(summary.pages, 'page')}, {summary.out_of_hours} out of hours, {nights}"


def team_text(name: str, schedules: Sequence[tuple[str, Sequence[Line]]], *, zone: ZoneInfo) -> str:
    """Say who is on call in the schedules of a team in the next seven days."""
    parts = [f"On call in {name} in the next seven days, times in {zone.key}:"]
    parts += [_titled(schedule, _spans(lines, zone)) for schedule, lines in schedules]
    return "\n\n".join(parts)


def number(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _spans(lines: Sequence[Line], zone: ZoneInfo) -> list[str]:
    return [f"{_clock(line.start, zone)} to {_clock(line.end, zone)}: {line.text}" for line in lines]


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %d %b %H:%M %Z}"


def _titled(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    more = [f"- And {len(lines) - MOST} more."] if len(lines) > MOST else []
    return "\n".join([f"{title}:", *(f"- {' '.join(line.split())}" for line in lines[:MOST]), *more])
