"""The calendar's geometry: hours drawn to scale, so that a day of 25 hours is 25 hours wide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from oncall.schedules.rules.layers import Exceptional

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from oncall.schedules.rules.layers import Override
    from oncall.schedules.rules.resolver import Slice


HOUR, HALF, DAY = timedelta(hours=1), timedelta(minutes=30), timedelta(days=1)
# In so many parts of the whole picture, whichever view it is, is measured what fits into a block.
PARTS = 336


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the picture: where it begins, how many columns it has, and how long it is."""

    on: date
    h: int
    w: int
    is_today: bool
    length: timedelta = DAY

    @property
    def is_weekend(self) -> bool:
        return self.on.weekday() >= 5

    @property
    def is_odd(self) -> bool:
        """Whether the clocks change on this day."""
        return self.length != DAY


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch drawn from column `h`, `w` columns wide, and how much `room` for words that is; nobody is a gap."""

    h: int
    w: int
    users: tuple[int, ...]
    start: datetime
    end: datetime
    reason: str
    override: int | None
    room: int = PARTS
    swap: int | None = None

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
    unit: timedelta = HOUR

    @property
    def hours(self) -> int:
        return round((self.end - self.start) / HOUR)

    @property
    def columns(self) -> int:
        """How many columns the picture has, each of one unit."""
        return max(1, round((self.end - self.start) / self.unit))


def window(first: date, *, days: int, zone: ZoneInfo, now: datetime, unit: timedelta = HOUR) -> Window:
    """The window that begins at the midnight of `first` in `zone`, drawn in columns of one `unit`."""
    edges = [_midnight(first + timedelta(days=n), zone) for n in range(days + 1)]
    places = [round((edge - edges[0]) / unit) for edge in edges]
    today = now.astimezone(zone).date()
    drawn = tuple(
        Day(on, places[n], places[n + 1] - places[n], on == today, edges[n + 1] - edges[n])
        for n in range(days)
        for on in [first + timedelta(days=n)]
        # A day that a zone leaves out has no hours.
        if places[n + 1] > places[n]
    )
    inside = edges[0] <= now < edges[-1]
    return Window(edges[0], edges[-1], drawn, (now - edges[0]) // unit if inside else None, unit)


def blocks(slices: Iterable[Slice], *, within: Window, gaps: bool) -> list[Block]:
    """Draw slices; those with nobody who should be there only where `gaps` are to be seen."""
    drawn = []
    for piece in slices:
        if piece.users or (gaps and not piece.is_closed):
            h, w = _place(piece.start, piece.end, within)
            room = w * PARTS // within.columns
            drawn.append(
                Block(
                    h, w, piece.users, piece.start, piece.end, piece.reason, piece.override, room, piece.swap
                )
            )
    return drawn


def exceptions(overrides: Sequence[Override], *, within: Window) -> list[Block]:
    """Draw overrides as they were entered, cut to the window."""
    drawn = []
    for one in overrides:
        start, end = max(one.start, within.start), min(one.end, within.end)
        if start < end:
            h, w = _place(start, end, within)
            users = (one.user,) if one.user is not None else ()
            room = w * PARTS // within.columns
            override = one.id if one.kind is Exceptional.OVERRIDE else None
            swap = one.id if one.kind is Exceptional.SWAP else None
            drawn.append(Block(h, w, users, one.start, one.end, one.kind.value, override, room, swap))
    return drawn


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def _place(start: datetime, end: datetime, within: Window) -> tuple[int, int]:
    h = min(round((max(start, within.start) - within.start) / within.unit), within.columns - 1)
    last = round((min(end, within.end) - within.start) / within.unit)
    return h, max(1, last - h)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


class View(StrEnum):
    """How much of a schedule is looked at."""

    DAY = "day"
    WEEK = "week"
    TWO_WEEKS = "2weeks"
    MONTH = "month"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Frame:
    """The days of a view, those before and after it, and how fine it is drawn."""

    first: date
    days: int
    back: date
    forward: date
    unit: timedelta

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)


def frame(view: View, day: date) -> Frame:
    """The part that has a day in it: weeks begin on Monday, months on their first day, the list with that day."""
    match view:
        case View.DAY:
            return _steps(day, 1, HALF)
        case View.WEEK:
            return _steps(monday_of(day), 7, HALF)
        case View.TWO_WEEKS:
            return _steps(monday_of(day), 14, HOUR)
        case View.LIST:
            return _steps(day, 28, HOUR)
        case View.MONTH:
            first = day.replace(day=1)
            after, before = first + timedelta(days=32), first - timedelta(days=1)
            forward = after.replace(day=1)
            return Frame(first, (forward - first).days, before.replace(day=1), forward, HOUR)


def _steps(first: date, days: int, unit: timedelta) -> Frame:
    length = timedelta(days=days)
    return Frame(first, days, first - length, first + length, unit)
