"""Shifts out of somebody else's calendar: whom an event means, what of it counts, and what it is to the resolver."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise

from oncall.schedules.rules import layers as values

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"[^\s<>(),;:|/\"']+@[^\s<>(),;:|/\"']+")
_BETWEEN = re.compile(r"[,;:|/&+<>()\[\]]|\band\b|\s-\s")


class Use(StrEnum):
    """What the events of a calendar are."""

    SHIFTS = "shifts"
    OVERRIDES = "overrides"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom an event can mean."""

    id: int
    email: str
    name: str


@dataclass(slots=True)
class Known:
    """People by what an event may say of them: the address, the part of it before the @, the name."""

    by_address: dict[str, int] = field(default_factory=dict)
    by_word: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, people: Iterable[Person]) -> Known:
        found = cls()
        for each in people:
            found.by_address[each.email.casefold()] = each.id
            for word in (each.name, each.email.partition("@")[0]):
                found.by_word[" ".join(word.casefold().split())].add(each.id)
        return found


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an event means, and why it is not all that it names."""

    users: tuple[int, ...]
    why: str = ""


def meant(title: str, invited: Sequence[str], organizer: str, known: Known) -> Meant:
    """Say whom an event means: who is named in its title, else who is invited, else who called it."""
    addresses = [found.casefold().rstrip(".") for found in _ADDRESS.findall(title)]
    if addresses:
        return _by_address(addresses, known)
    parts = [" ".join(part.casefold().split()) for part in _BETWEEN.split(title)]
    named = {part: known.by_word[part] for part in parts if part in known.by_word}
    if several := next((part for part, users in named.items() if len(users) > 1), ""):
        return Meant((), f"several people here are called {several}")
    if named:
        return Meant(tuple(dict.fromkeys(user for users in named.values() for user in users)))
    if guests := invited or [each for each in [organizer] if each]:
        return _by_address(guests, known)
    return Meant((), "neither its title nor its guests name anybody who is here")


def _by_address(addresses: Iterable[str], known: Known) -> Meant:
    users = dict.fromkeys(known.by_address[each] for each in addresses if each in known.by_address)
    strangers = [each for each in dict.fromkeys(addresses) if each not in known.by_address]
    return Meant(tuple(users), f"nobody here has {', '.join(strangers[:3])}" if strangers else "")


@dataclass(frozen=True, order=True, slots=True)
class Shift:
    """A stretch in which a calendar has somebody on call."""

    user: int
    start: datetime
    end: datetime


def united(shifts: Iterable[Shift]) -> list[Shift]:
    """Join the shifts of one person that overlap; those that merely meet stay two."""
    found: list[Shift] = []
    for each in sorted(set(shifts)):
        last = found[-1] if found else None
        if last is not None and last.user == each.user and each.start < last.end:
            found[-1] = Shift(last.user, last.start, max(last.end, each.end))
        else:
            found.append(each)
    return found


@dataclass(frozen=True, slots=True)
class Revision:
    """What becomes of stored shifts, by their numbers: ended at another moment, or dropped; and new ones."""

    ends: dict[int, datetime]
    dropped: list[int]
    new: list[Shift]

    def __bool__(self) -> bool:
        return bool(self.ends or self.dropped or self.new)


def revised(stored: Collection[tuple[int, Shift]], wanted: Iterable[Shift], now: datetime) -> Revision:
    """Let shifts that are not over follow a calendar from now on. What has passed stays as it was."""
    waiting = {shift: pk for pk, shift in stored}
    running = {shift.user: (pk, shift) for pk, shift in stored if shift.start < now}
    ends: dict[int, datetime] = {}
    new: list[Shift] = []
    for each in united(wanted):
        if each.end <= now:
            continue
        if each.start >= now:
            if waiting.pop(each, None) is None:
                new.append(each)
        elif (found := running.pop(each.user, None)) is not None:
            pk, shift = found
            del waiting[shift]
            if shift.end != each.end:
                ends[pk] = each.end
        else:
            new.append(Shift(each.user, now, each.end))
    ends |= {pk: now for shift, pk in waiting.items() if shift.start < now}
    return Revision(ends, [pk for shift, pk in waiting.items() if shift.start >= now], new)


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar as the resolver is told of it."""

    id: int
    name: str
    use: Use
    rank: int
    since: datetime
    until: datetime | None

    @property
    def lineage(self) -> int:
        """The name of its layer: below zero, where no rotation is."""
        return -self.id

    @property
    def layer(self) -> values.Layer:
        """A layer without people of its own, in which its events put people on call."""
        return values.Layer(
            name=self.name,
            time_zone="UTC",
            start=self.since,
            effective_from=self.since,
            effective_until=self.until,
            handoff=values.Handoff(1, values.Unit.MONTH, time()),
            participants=(),
            lineage=self.lineage,
            rank=self.rank,
            is_fed=True,
        )


def exceptions(source: Source, shifts: Iterable[Shift]) -> list[values.Override]:
    """What the shifts of a calendar are to the resolver: those who have one at once are on call together, and alone.

    They count as entered when the calendar was added, so that what people enter later wins.
    """
    order = (source.since - EPOCH) // timedelta(microseconds=1)
    found = []
    for start, end, users in _stretches(shifts):
        for number, user in enumerate(users):
            found.append(
                values.Override(
                    source.id,
                    start,
                    end,
                    user,
                    None,
                    order + number,
                    replaces_everybody=number == 0,
                    layer=source.lineage if source.use is Use.SHIFTS else None,
                    by=source.name,
                    kind=values.Exceptional.CALENDAR,
                )
            )
    return found


def _stretches(shifts: Iterable[Shift]) -> list[tuple[datetime, datetime, tuple[int, ...]]]:
    """Part time where somebody comes or goes, and say who is there."""
    changes: defaultdict[datetime, list[tuple[int, int]]] = defaultdict(list)
    for each in shifts:
        changes[each.start].append((each.user, 1))
        changes[each.end].append((each.user, -1))
    found: list[tuple[datetime, datetime, tuple[int, ...]]] = []
    there: defaultdict[int, int] = defaultdict(int)
    moments = sorted(changes)
    for begin, finish in pairwise(moments):
        for user, step in changes[begin]:
            there[user] += step
        users = tuple(sorted(user for user, count in there.items() if count))
        if users:
            found.append((begin, finish, users))
    return found
