"""What is decided while nobody can ask Postgres: which signals want somebody, and whom it is by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Send:
    """One way to a person: address and secret as they are stored, sealed."""

    channel: str
    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be asked, by all that their rules name first."""

    name: str
    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is asked first by a policy from an instant on: which level that is, and the people."""

    start: datetime
    level: int
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A signal in the spool that wants somebody: its file, where it goes, and what it says."""

    name: str
    subject: str
    policy_id: int
    title: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a signal says of one alert: `wants` somebody for it, or it is over or in hand. `is_asked`: it has somebody."""

    key: tuple[int, str]
    wants: bool
    call: Call
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page by break-glass: the signals it is about, and who is asked."""

    subject: str
    calls: tuple[Call, ...]
    turn: Turn

    @property
    def title(self) -> str:
        """What the first one says, and how many more there are."""
        more = f" (+{len(self.calls) - 1} more)" if len(self.calls) > 1 else ""
        return f"{self.calls[0].title}{more}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one way to one person."""

    person_id: int
    name: str
    channel: str
    reached: bool
    detail: str = field(default="", compare=False)


def open_calls(words: Iterable[Word]) -> list[Call]:
    """Give the calls that no later word of the same alert has ended and nobody was asked for, in their order."""
    found: dict[tuple[int, str], Call | None] = {}
    for word in words:
        if not word.wants:
            found.pop(word.key, None)
        else:
            found.setdefault(word.key, None if word.is_asked else word.call)
    return [call for call in found.values() if call is not None]


def pages(calls: Iterable[Call], turns: Mapping[int, Sequence[Turn]], *, at: datetime) -> list[Page]:
    """Give one page for each service, to whoever its policy asks first at an instant; none where nobody is known."""
    groups: dict[tuple[str, int], list[Call]] = {}
    for call in calls:
        groups.setdefault((call.subject, call.policy_id), []).append(call)
    known = {key: turn_at(turns.get(key[1]) or turns.get(0, ()), at) for key in groups}
    return [Page(key[0], tuple(own), turn) for key, own in groups.items() if (turn := known[key]) is not None]


def turn_at(turns: Sequence[Turn], at: datetime) -> Turn | None:
    """Give whose turn it is at an instant."""
    begun = [turn for turn in turns if turn.start <= at]
    return begun[-1] if begun and begun[-1].people else None


def words(tried: Sequence[Tried]) -> str:
    """Say who was reached, as "Alice by sms and push"."""
    by_person: dict[str, list[str]] = {}
    for one in tried:
        if one.reached:
            by_person.setdefault(one.name, []).append(one.channel)
    return ", ".join(f"{name} by {' and '.join(channels)}" for name, channels in by_person.items())
