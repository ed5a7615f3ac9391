"""What the features above schedules know of them: swaps, events of a calendar, what marks a day. They register how to
read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from oncall.schedules.rules.layers import Layer, Override

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from core.accounts.models import User
    from oncall.schedules.models import Schedule
    from oncall.schedules.rules.resolver import Slice

Read = Callable[[Mapping[int, Sequence[Layer]], datetime, datetime], Mapping[int, Sequence[Override]]]
"""Given the layers of some schedules, by schedule, and a window: the exceptions of each of them in it."""

Naming = Callable[[Collection[int]], Iterable[int]]
"""Given some people: the schedules in which an exception puts one of them on call."""

_known: list[tuple[Read, Naming, bool]] = []


def add_exceptions(read: Read, *, naming: Naming, marked: bool = False) -> None:
    """Let a feature say which exceptions it knows of; `created_order` is their time in microseconds since 1970.

    With `marked` it is asked only about schedules that have `has_exceptions`, so that the others cost nothing.
    `naming` may give a query: it is made a part of the one that asks.
    """
    _known.append((read, naming, marked))


def exceptions(
    layers: Mapping[int, Sequence[Layer]], start: datetime, end: datetime, *, marked: Collection[int] = ()
) -> Mapping[int, Sequence[Override]]:
    """Give the exceptions that other features know of, by schedule; `marked` are those that have some."""
    found: defaultdict[int, list[Override]] = defaultdict(list)
    for read, _, only_marked in _known:
        some = {pk: layers[pk] for pk in marked} if only_marked else layers
        for schedule_id, own in (read(some, start, end) if some else {}).items():
            found[schedule_id] += own
    return found


def naming(user_ids: Collection[int]) -> list[Iterable[int]]:
    """Give the schedules in which exceptions of other features put one of these people on call, by feature."""
    return [named(user_ids) for _, named, _ in _known]


Layers = Callable[[Collection[int], datetime, datetime], Mapping[int, Sequence[Layer]]]
"""Given some schedules that have exceptions, and a window: the layers that each of them has besides its rotations."""

_layers: list[Layers] = []


def add_layers(read: Layers) -> None:
    """Let a feature add layers to schedules that have `has_exceptions`."""
    _layers.append(read)


def layers(schedule_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Layer]]:
    """Give the layers that other features know of, by schedule."""
    found: defaultdict[int, list[Layer]] = defaultdict(list)
    for read in _layers if schedule_ids else ():
        for schedule_id, own in read(schedule_ids, start, end).items():
            found[schedule_id] += own
    return found


Stretch = tuple[int, datetime, datetime]
Absences = Callable[[Collection[int], datetime, datetime], Iterable[Stretch]]
"""Given some people and a window: when each of them is away, as far as that was known at the time."""

_absences: list[Absences] = []


def add_absences(read: Absences) -> None:
    """Let a feature say who is away."""
    _absences.append(read)


def absences(user_ids: Collection[int], start: datetime, end: datetime) -> list[Stretch]:
    """Give when these people are away in a window."""
    return [each for read in _absences for each in read(user_ids, start, end)]


@dataclass(frozen=True, slots=True)
class Seen:
    """Some days of a schedule as `viewer` looks at them: in `zone`, with who is on call in [start, end)."""

    schedule_id: int
    start: datetime
    end: datetime
    zone: ZoneInfo
    pieces: Sequence[Slice]
    viewer: User

    @property
    def user_ids(self) -> set[int]:
        return {pk for piece in self.pieces for pk in piece.users}


@dataclass(frozen=True, slots=True)
class Mark:
    """What marks a day of a calendar: a `word` that fits into it, and where that is not all, what is `said` of it."""

    word: str
    said: str = ""


Marks = Callable[[Seen], Iterable[tuple[date, Mark]]]
_marks: list[Marks] = []


def add_marks(read: Marks) -> None:
    """Let a feature mark days of a calendar."""
    _marks.append(read)


def marks(seen: Seen) -> dict[date, list[Mark]]:
    """Give the marks of these days, those of the feature that registered first before the others."""
    found: defaultdict[date, list[Mark]] = defaultdict(list)
    for read in _marks:
        for day, mark in read(seen):
            # A word stands once on a day, whoever says it.
            is_there = any(other.word == mark.word for other in found[day])
            found[day].append(Mark("", mark.said) if is_there else mark)
    return dict(found)


Notices = Callable[[int, datetime], Iterable[str]]
_notices: list[Notices] = []


def add_notices(read: Notices) -> None:
    """Let a feature say what readers of a schedule, given its id, have to know at a moment."""
    _notices.append(read)


def notices(schedule_id: int, at: datetime) -> list[str]:
    """Say what readers of a schedule have to know."""
    return [text for read in _notices for text in read(schedule_id, at)]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a schedule lacks perhaps, calmly: a sentence, and the link to where it is mended."""

    note: str
    link: str
    address: str


Offers = Callable[["Schedule", "User", datetime], Iterable[Offer]]
_offers: list[Offers] = []


def add_offers(read: Offers) -> None:
    """Let a feature offer something to a reader of a schedule at a moment."""
    _offers.append(read)


def offers(schedule: Schedule, viewer: User, at: datetime) -> list[Offer]:
    """Give what is offered to a reader of a schedule."""
    return [each for read in _offers for each in read(schedule, viewer, at)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A level of a policy, from 1 on, and who it says that they are to the others."""

    level: int
    description: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """A policy that asks a schedule: its name and address, the services that it answers for, and at which levels."""

    policy: str
    address: str
    services: Sequence[str] = ()
    schedule_id: int = 0
    policy_id: int = 0
    slug: str = ""
    levels: Sequence[Asked] = ()


Reaching = Callable[[Collection[int]], Iterable[Reach]]
Answering = Callable[[Collection[int]], Collection[int]]
_reaching: list[tuple[Reaching, Answering]] = []


def add_reaching(read: Reaching, *, answering: Answering) -> None:
    """Let a feature say which policies ask schedules, given their ids, and which policies answer for services."""
    _reaching.append((read, answering))


def reaching(schedule_id: int) -> list[Reach]:
    """Give what reaches a schedule."""
    return [each for read, _ in _reaching for each in read([schedule_id])]


def reached(schedule_ids: Collection[int]) -> dict[int, list[Reach]]:
    """Give what reaches each of these schedules."""
    found: defaultdict[int, list[Reach]] = defaultdict(list)
    for read, _ in _reaching:
        for each in read(schedule_ids):
            found[each.schedule_id].append(each)
    return dict(found)


def answering(service_ids: Collection[int]) -> set[int]:
    """Give the policies that answer for services."""
    return {pk for _, find in _reaching for pk in find(service_ids)}


@dataclass(frozen=True, slots=True)
class Source:
    """A calendar elsewhere that a schedule is read from: when it was read last, why it cannot be, where that stands."""

    name: str
    host: str
    use: str
    read_at: datetime | None
    error: str
    left_out: int
    address: str


Sources = Callable[["Schedule"], Iterable[Source]]
_sources: list[Sources] = []


def add_sources(read: Sources) -> None:
    """Let a feature say what a schedule is read from."""
    _sources.append(read)


def sources(schedule: Schedule) -> list[Source]:
    """Give what a schedule is read from."""
    return [each for read in _sources for each in read(schedule)]


Ending = Callable[[int], Iterable[str]]
_ending: list[Ending] = []
End = Callable[[int, datetime], None]
_end: list[End] = []


def add_ending(read: Ending, end: End | None = None) -> None:
    """Let a feature say what of it ends with a schedule, given its id, a sentence for each thing.

    `end` ends it at a moment, as a part of the write that deletes the schedule.
    """
    _ending.append(read)
    if end is not None:
        _end.append(end)


def end(schedule_id: int, at: datetime) -> None:
    """End what ends with a schedule."""
    for each in _end:
        each(schedule_id, at)


def ending(schedule_id: int) -> list[str]:
    """Say what ends with a schedule when it is deleted."""
    return [line for read in _ending for line in read(schedule_id)]


@dataclass(frozen=True, slots=True)
class Fit:
    """How well some time would suit somebody: their hours on call around it, and what speaks against it."""

    user_id: int
    hours: int
    against: Sequence[str] = ()


Ranking = Callable[[Sequence[tuple[datetime, datetime]], Collection["User"]], Sequence[Fit]]
_rankings: list[Ranking] = []


def add_ranking(rank: Ranking) -> None:
    """Let a feature rank who could have some time, who fits best first."""
    _rankings.append(rank)


def ranked(start: datetime, end: datetime, people: Collection[User]) -> list[Fit]:
    """Rank who could be on call in [start, end)."""
    return [fit for rank in _rankings for fit in rank([(start, end)], people)] if people else []


@dataclass(frozen=True, slots=True)
class Wish:
    """What others want of somebody's time on call, until when, and where it is answered."""

    title: str
    note: str
    url: str
    button: str
    until: datetime


Wishes = Callable[["User"], Iterable[Wish]]
_wishes: list[Wishes] = []


def add_wishes(read: Wishes) -> None:
    """Let a feature say what is wanted of somebody."""
    _wishes.append(read)


def wishes(user: User) -> list[Wish]:
    """Give what is wanted of somebody, what is due first before the rest."""
    return sorted((each for read in _wishes for each in read(user)), key=lambda one: (one.until, one.url))
