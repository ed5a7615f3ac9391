"""When the clock of a zone is moved, what new zone data changes of that, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

STEP = timedelta(days=1)
SECOND = timedelta(seconds=1)

Move = tuple[datetime, int]
"""From when on a clock is so many seconds ahead of UTC."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """In [start, end) hand-offs are so many seconds later than they were, earlier where less than 0.

    No end: for as far as was looked.
    """

    start: datetime
    end: datetime | None
    later: int


def moves(zone: ZoneInfo, start: datetime, until: datetime) -> list[Move]:
    """Give what the clock shows at `start` and each time at which it is moved until `until`; of two in a day neither."""
    found = [(start, _ahead(zone, start))]
    before = start
    while before < until:
        after = min(before + STEP, until)
        if _ahead(zone, after) != found[-1][1]:
            moment = _moved(zone, before, after)
            found.append((moment, _ahead(zone, moment)))
        before = after
    return found


def _moved(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    was = _ahead(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        if _ahead(zone, middle) == was:
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, moment: datetime) -> int:
    shift = moment.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0


def differences(old: Sequence[Move], new: Sequence[Move], until: datetime) -> list[Stretch]:
    """Give when two clocks show different times, from when both are known until `until`."""
    start = max(old[0][0], new[0][0])
    edges = sorted({start, until, *(at for at, _ in (*old, *new) if start < at < until)})
    found: list[Stretch] = []
    for begin, end in pairwise(edges):
        later = _at(old, begin) - _at(new, begin)
        last = None if end == until else end
        if not later:
            continue
        if found and found[-1].end == begin and found[-1].later == later:
            found[-1] = Stretch(found[-1].start, last, later)
        else:
            found.append(Stretch(begin, last, later))
    return found


def _at(some: Sequence[Move], moment: datetime) -> int:
    return next(ahead for at, ahead in reversed(some) if at <= moment)


def said(zone: str, tzdata: str, found: Sequence[Stretch], *, now: datetime) -> str:
    """Say what new zone data does to the hand-offs of a zone."""
    coming = [each for each in found if each.end is None or each.end > now]
    parts = []
    if coming:
        more = f", and in {len(coming) - 1} more stretches after that" if len(coming) > 2 else ""
        shown = coming if len(coming) == 2 else coming[:1]
        parts.append(f"hand-offs {' and '.join(map(_when, shown))}{more}.")
    if any(each.start < now for each in found):
        parts.append("Hours that have passed are counted by the new clocks too.")
    return f"The clocks of {zone} changed with tzdata {tzdata or 'of this machine'}: {' '.join(parts)}"


def _when(each: Stretch) -> str:
    until = f"until {each.end:%a %d %b %Y}" if each.end else "on"
    return f"from {each.start:%a %d %b %Y} {until} are {span(each.later)} {'later' if each.later > 0 else 'earlier'}"


def span(seconds: int) -> str:
    """Some time in words."""
    minutes = abs(seconds) // 60
    if minutes == 60:
        return "an hour"
    hours, rest = divmod(minutes, 60)
    return " ".join(
        ([f"{hours} hour{'s' if hours > 1 else ''}"] if hours else []) + ([f"{rest} minutes"] if rest else [])
    )


def order(tzdata: str) -> tuple[int, str]:
    """Which zone data is newer: 2026b after 2026a; what has no number is before all."""
    year, letters = tzdata[:4], tzdata[4:]
    return (int(year), letters) if year.isdigit() else (0, "")


def stored_moves(some: Iterable[Move]) -> list[list[object]]:
    """Write moves as JSON."""
    return [[at.isoformat(), ahead] for at, ahead in some]


def read_moves(rows: Iterable[Sequence[object]]) -> list[Move]:
    """Read moves from JSON."""
    return [(_instant(at), int(str(ahead))) for at, ahead in rows]


def stored(found: Iterable[Stretch]) -> list[list[object]]:
    """Write stretches as JSON."""
    return [
        [each.start.isoformat(), each.end.isoformat() if each.end else None, each.later] for each in found
    ]


def read(rows: Iterable[Sequence[object]]) -> list[Stretch]:
    """Read stretches from JSON."""
    return [
        Stretch(_instant(start), _instant(end) if end else None, int(str(later)))
        for start, end, later in rows
    ]


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
