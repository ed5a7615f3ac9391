"""What people hear of their shifts: that one begins or ends, and that what they were to have has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from oncall.schedules.rules.compare import Change, Effect, difference
from oncall.schedules.rules.resolver import Slice

MOST_LINES = 20

Stretch = tuple[datetime, datetime, tuple[int, ...]]
"""From when to when, and who has it."""


def plain(slices: Iterable[Slice]) -> list[Stretch]:
    """Join neighbours that put the same people on call, whatever rule says so."""
    found: list[Stretch] = []
    for piece in slices:
        users = tuple(sorted(piece.users))
        if found and found[-1][2] == users:
            found[-1] = (found[-1][0], piece.end, users)
        else:
            found.append((piece.start, piece.end, users))
    return found


def cut(stretches: Iterable[Stretch], start: datetime, end: datetime) -> list[Stretch]:
    """Give what of them lies in [start, end)."""
    return [
        (max(begin, start), min(finish, end), users)
        for begin, finish, users in stretches
        if begin < end and finish > start
    ]


def changes(old: Sequence[Stretch], new: Sequence[Stretch]) -> dict[int, list[Change]]:
    """Give what each person gains and loses between two final schedules of one window, soonest first."""
    found: defaultdict[int, list[Change]] = defaultdict(list)
    for change in difference([_slice(each) for each in old], [_slice(each) for each in new]):
        found[change.user].append(change)
    return dict(found)


def _slice(stretch: Stretch) -> Slice:
    start, end, users = stretch
    return Slice(start, end, users, None, None, "")


def stored(stretches: Iterable[Stretch]) -> list[list[object]]:
    """Write stretches as JSON."""
    return [[start.isoformat(), end.isoformat(), list(users)] for start, end, users in stretches]


def read(rows: Iterable[Sequence[object]]) -> list[Stretch]:
    """Read stretches from JSON."""
    return [
        (_instant(start), _instant(end), tuple(users))  # type: ignore[arg-type]
        for start, end, users in rows
    ]


def spans(rows: Iterable[Sequence[str]]) -> list[tuple[datetime, datetime]]:
    """Read from when to when from JSON, neighbours joined."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted((_instant(start), _instant(end)) for start, end in rows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def beside(found: Iterable[Change], known: Sequence[tuple[datetime, datetime]]) -> list[Change]:
    """Give the changes that do not lie wholly in what is known already."""
    return [
        each for each in found if not any(start <= each.start and each.end <= end for start, end in known)
    ]


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def said(found: Sequence[Change], zone: tzinfo) -> str:
    """Say what somebody has now and what no more, in their zone."""
    parts = []
    for effect, title in ((Effect.GAINED, "You are on call:"), (Effect.LOST, "You are no longer on call:")):
        lines = [
            f"- {clock(each.start, zone)} to {clock(each.end, zone)}"
            for each in found
            if each.effect is effect
        ]
        if lines:
            more = [f"- and {len(lines) - MOST_LINES} more times"] if len(lines) > MOST_LINES else []
            parts.append("\n".join([title, *lines[:MOST_LINES], *more]))
    return "\n\n".join(parts)


def named(people: Iterable[object]) -> str:
    """Some people in words."""
    return " and ".join(str(each) for each in people) or "nobody"


def clock(moment: datetime, zone: tzinfo) -> str:
    """A moment as people say it, in a zone."""
    return f"{moment.astimezone(zone):%a %d %b %Y %H:%M %Z}"


def talk(at: datetime, length: timedelta, zone: tzinfo) -> str:
    """Say when those who hand over at a moment talk, in a zone."""
    until = (at + length).astimezone(zone)
    return f"{clock(at, zone).rpartition(' ')[0]} to {until:%H:%M %Z}"


def edges(stretches: Sequence[Stretch], *, after: datetime, until: datetime) -> list[datetime]:
    """Give when other people take over in (after, until]."""
    return [start for start, _, _ in stretches if after < start <= until]
