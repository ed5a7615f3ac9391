"""Who stands in for a place of a rotation: its people, less those who cannot be on call at that time."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from oncall.schedules.rules import words
from oncall.schedules.rules.layers import Away, Layer
from oncall.schedules.rules.turns import Span, Turn, meet, shifts

Active = frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Who is on call by which rule. `layer`, `override` and `swap` are as in a slice."""

    users: tuple[int, ...]
    layer: str | None
    override: int | None
    reason: str
    swap: int | None = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Absences:
    """Who cannot be on call, and when: everybody who is not in `active` never can, unless that is None."""

    active: Active
    by_user: dict[int, list[Away]] = field(default_factory=dict)

    @classmethod
    def of(cls, active: Active, away: Sequence[Away]) -> "Absences":
        found = cls(active)
        for each in away:
            found.by_user.setdefault(each.user, []).append(each)
        return found

    def of_user(self, user: int, at: datetime, *, yielding: bool = True) -> Away | None:
        """The absence that keeps somebody from being on call at an instant, among them those that yield or not."""
        if self.active is not None and user not in self.active:
            return Away(user, None, None, words.NOT_ACTIVE)
        for each in self.by_user.get(user, ()):
            is_then = (each.start is None or each.start <= at) and (each.end is None or at < each.end)
            if is_then and (yielding or not each.yields):
                return each
        return None

    def touch(self, users: set[int]) -> bool:
        """Whether one of these people is ever away."""
        return not users.isdisjoint(self.by_user)

    def bounds(self, users: Collection[int], start: datetime, end: datetime) -> set[datetime]:
        """When one of these people comes or goes within the window."""
        if not self.by_user:
            return set()
        return {
            moment
            for user in users
            for each in self.by_user.get(user, ())
            for moment in (each.start, each.end)
            if moment is not None and start < moment < end
        }


def people(layer: Layer) -> set[int]:
    return {user for place in layer.participants for user in place or ()}


def answers(
    layer: Layer, absences: Absences, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, Answer, Turn]]:
    """Say who has each turn of a layer in the window, cut where somebody's absence begins or ends."""
    turns, users = shifts(layer, start, end), people(layer)
    if not absences.touch(users):
        count, known = len(layer.participants) or 1, dict[int, Answer]()
        for begin, finish, turn in turns:
            found = known.get(turn[0] % count)
            if found is None:
                found = known[turn[0] % count] = answer(layer, turn[0], absences, begin)
            yield begin, finish, found, turn
        return
    cuts = sorted({start, end, *absences.bounds(users, start, end)})
    stretches: Iterator[Span[None]] = ((since, until, None) for since, until in pairwise(cuts))
    for begin, finish, turn, _ in meet(turns, stretches):
        yield begin, finish, answer(layer, turn[0], absences, begin), turn


def answer(layer: Layer, turn: int, absences: Absences, at: datetime) -> Answer:
    """Say who has a turn of a layer at an instant, or why nobody does."""
    if not layer.participants:
        has = "names nobody at this time" if layer.is_fed else "has no participants"
        return Answer((), None, None, f"{words.named(layer)} {has}")
    number = turn % len(layer.participants)
    place = tuple(dict.fromkeys(layer.participants[number] or ()))
    if not place:
        return Answer((), None, None, f"{words.named(layer)} has nobody assigned to this turn")
    away = [found for user in place if (found := absences.of_user(user, at)) is not None]
    if len(away) < len(place):
        gone = {each.user for each in away}
        return Answer(tuple(user for user in place if user not in gone), layer.name, None, words.rule(layer))
    passing = next((each for each in away if each.passes_on), None)
    taken = _passed_on(layer, number, passing, absences, at) if passing is not None else None
    return taken or Answer((), None, None, f"{words.named(layer)} has nobody active in this turn")


def _passed_on(layer: Layer, number: int, passing: Away, absences: Absences, at: datetime) -> Answer | None:
    """Say who has the turn of whoever is away: the next place that has somebody, or still they, if they can."""
    for others in (*layer.participants[number + 1 :], *layer.participants[:number]):
        there = dict.fromkeys(user for user in others or () if absences.of_user(user, at) is None)
        if there:
            reason = f"{words.rule(layer)}, the next in turn because who has it {passing.why}"
            return Answer(tuple(there), layer.name, None, reason)
    own = dict.fromkeys(layer.participants[number] or ())
    kept = tuple(user for user in own if absences.of_user(user, at, yielding=False) is None)
    reason = f"{words.rule(layer)}, also while away because nobody else is left"
    return Answer(kept, layer.name, None, reason) if kept else None
