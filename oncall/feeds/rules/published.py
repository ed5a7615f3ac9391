"""What calendars are told of a schedule, and how a shift keeps its identity while the schedule changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

MONTHS_BACK, MONTHS_AHEAD = 3, 13
CANCELLED_FOR = timedelta(days=30)
"""How long a calendar is told that a shift no longer exists: by then even a phone in a drawer has asked."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch in which a person has a schedule, whatever rule says so."""

    user: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A shift as calendars know it."""

    uid: str
    user: int
    start: datetime
    end: datetime
    sequence: int
    changed_at: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What is published: [start, end)."""

    start: datetime
    end: datetime


def window(now: datetime) -> Window:
    """Whole months, so that shifts cut by its ends change once a month and not with every look."""
    return Window(_month(now, -MONTHS_BACK), _month(now, MONTHS_AHEAD))


def _month(now: datetime, away: int) -> datetime:
    months = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 + away
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def shifts(slices: Iterable[tuple[datetime, datetime, Sequence[int]]]) -> list[Shift]:
    """Join the slices of a schedule into each person's shifts, to the second, as calendars write time."""
    found: list[Shift] = []
    running: dict[int, Shift] = {}
    for start, end, users in slices:
        for user in users:
            before = running.get(user)
            joins = before is not None and before.end == start
            running[user] = replace(before, end=end) if before and joins else Shift(user, start, end)
            if before and not joins:
                found.append(before)
    whole = (_whole(shift) for shift in (*found, *running.values()))
    return sorted((each for each in whole if each.start < each.end), key=lambda each: (each.start, each.user))


def _whole(shift: Shift) -> Shift:
    return Shift(shift.user, shift.start.replace(microsecond=0), shift.end.replace(microsecond=0))


def revise(
    known: Sequence[Published],
    wanted: Sequence[Shift],
    *,
    schedule: int,
    within: Window,
    host: str,
    now: datetime,
) -> list[Published]:
    """Give what is to be published now: shifts of the window as they are, and those that no longer exist.

    A shift keeps its UID while its person keeps any part of it; every change raises its SEQUENCE. What is over stays
    as it was told.
    """
    taken = {row.uid for row in known}
    rows = [row for row in known if row.end > within.start]
    pairs = _pairs([row for row in rows if row.cancelled_at is None], wanted)
    again = _pairs([row for row in rows if row.cancelled_at], [each for each in wanted if each not in pairs])
    found: list[Published] = []
    for shift in wanted:
        row = pairs.get(shift) or again.get(shift)
        if row is None:
            uid = _uid(schedule, shift, host, taken)
            taken.add(uid)
            found.append(Published(uid, shift.user, shift.start, shift.end, 0, now))
        else:
            found.append(_moved(row, shift, within=within, now=now))
    kept = {row.uid for row in found}
    found += [_gone(row, now=now) for row in rows if row.uid not in kept]
    return sorted(found, key=lambda row: (row.start, row.user, row.uid))


def _pairs(rows: Sequence[Published], wanted: Sequence[Shift]) -> dict[Shift, Published]:
    """Match shifts with what is known of the same person: the longest common stretch first."""
    by_user: defaultdict[int, tuple[list[Published], list[Shift]]] = defaultdict(lambda: ([], []))
    for row in rows:
        by_user[row.user][0].append(row)
    for shift in wanted:
        by_user[shift.user][1].append(shift)
    common = [pair for own_rows, own in by_user.values() for pair in _overlaps(own_rows, own)]
    common.sort(key=lambda pair: (-pair[0], pair[1].start, pair[1].uid, pair[2].start))
    found: dict[Shift, Published] = {}
    used: set[str] = set()
    for _, row, shift in common:
        if shift not in found and row.uid not in used:
            found[shift] = row
            used.add(row.uid)
    return found


def _overlaps(
    rows: Sequence[Published], wanted: Sequence[Shift]
) -> Iterable[tuple[timedelta, Published, Shift]]:
    """Every pair of one person with a common stretch, and its length."""
    rows = sorted(rows, key=lambda row: row.start)
    first = 0
    for shift in sorted(wanted, key=lambda each: each.start):
        while first < len(rows) and rows[first].end <= shift.start:
            first += 1
        for row in rows[first:]:
            if row.start >= shift.end:
                break
            if row.end > shift.start:
                yield min(row.end, shift.end) - max(row.start, shift.start), row, shift


def _moved(row: Published, shift: Shift, *, within: Window, now: datetime) -> Published:
    # What the beginning of the window cuts off was told before.
    start = min(row.start, shift.start) if shift.start == within.start else shift.start
    if (row.start, row.end, row.cancelled_at) == (start, shift.end, None):
        return row
    return replace(
        row, start=start, end=shift.end, sequence=row.sequence + 1, changed_at=now, cancelled_at=None
    )


def _gone(row: Published, *, now: datetime) -> Published:
    if row.cancelled_at or row.end <= now:
        return row
    return replace(row, sequence=row.sequence + 1, changed_at=now, cancelled_at=now)


def _uid(schedule: int, shift: Shift, host: str, taken: set[str]) -> str:
    name = f"shift-{schedule}-{shift.user}-{shift.start:%Y%m%dT%H%M%SZ}"
    candidates = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(uid for each in candidates if (uid := f"{each}@{host}") not in taken)


def is_told(row: Published, *, now: datetime) -> bool:
    """Whether a calendar still hears of it: shifts of the window, and for a while that one no longer exists."""
    return row.cancelled_at is None or row.cancelled_at > now - CANCELLED_FOR
