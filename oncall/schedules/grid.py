"""The calendar's geometry: hours drawn to scale, so that a day of 25 hours is 25 hours wide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from oncall.schedules.rules.layers import Override
    from oncall.schedules.rules.resolver import Slice


HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One column: where it begins and how many hours it has."""

    on: date
    h: int
    w: int
    is_today: bool

    @property
    def is_weekend(self) -> bool:
        return self.on.weekday() >= 5

    @property
    def is_odd(self) -> bool:
        """Whether the clocks change on this day."""
        return self.w != 24


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch drawn from hour `h`, `w` hours wide; nobody is a gap."""

    h: int
    w: int
    users: tuple[int, ...]
    start: datetime
    end: datetime
    reason: str
    override: int | None

    @property
    def is_gap(self) -> bool:
        return not self.users


@dataclass(frozen=True, slots=True)
class Window:
    """So many days from a local midnight on; `start` and `end` in UTC."""

    start: datetime
    end: datetime
    days: tuple[Day, ...]
    now_h: int | None

    @property
    def hours(self) -> int:
        return sum(day.w for day in self.days)


def window(first: date, *, days: int, zone: ZoneInfo, now: datetime) -> Window:
    """The window that begins at the midnight of `first` in `zone`."""
    edges = [_midnight(first + timedelta(days=n), zone) for n in range(days + 1)]
    today = now.astimezone(zone).date()
    columns, h = [], 0
    for n in range(days):
        w = max(1, round((edges[n + 1] - edges[n]) / HOUR))
        on = first + timedelta(days=n)
        columns.append(Day(on, h, w, on == today))
        h += w
    inside = edges[0] <= now < edges[-1]
    return Window(edges[0], edges[-1], tuple(columns), round((now - edges[0]) / HOUR) if inside else None)


def blocks(slices: Iterable[Slice], *, within: Window, gaps: bool) -> list[Block]:
    """Draw slices; those with nobody only where `gaps` are to be seen."""
    drawn = []
    for piece in slices:
        if piece.users or gaps:
            h, w = _place(piece.start, piece.end, within)
            drawn.append(Block(h, w, piece.users, piece.start, piece.end, piece.reason, piece.override))
    return drawn


def exceptions(overrides: Sequence[Override], *, within: Window) -> list[Block]:
    """Draw overrides as they were entered, cut to the window."""
    drawn = []
    for one in overrides:
        start, end = max(one.start, within.start), min(one.end, within.end)
        if start < end:
            h, w = _place(start, end, within)
            users = (one.user,) if one.user is not None else ()
            drawn.append(Block(h, w, users, one.start, one.end, "override", one.id))
    return drawn


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _place(start: datetime, end: datetime, within: Window) -> tuple[int, int]:
    h = round((max(start, within.start) - within.start) / HOUR)
    last = round((min(end, within.end) - within.start) / HOUR)
    return h, max(1, last - h)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
