"""Whom a level asks, given whom each of its targets is at that instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from oncall.escalation.rules.steps import Position, after, is_over, timeout
from oncall.matching.rules import Facts, judge
from oncall.paging.rules import Front

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from oncall.escalation.rules.plans import LevelSpec, Plan, TargetSpec


@dataclass(frozen=True, slots=True)
class Answer:
    """Whom a target is at an instant: ids and how they came to be it (`via`), or why nobody can be asked.

    `channels` are told and wake nobody. `told` are the trainees among them, each with how they came to be it; `behind`
    are those whose page waits for one of these, who is in front.
    """

    people: tuple[int, ...] = ()
    via: str = ""
    reason: str = ""
    channels: tuple[int, ...] = ()
    told: tuple[tuple[int, str], ...] = ()
    behind: tuple[tuple[int, Front], ...] = ()

    def vias(self) -> list[tuple[int, str]]:
        """The people, each with how they came to be it."""
        own = dict(self.told)
        return [(id_, own.get(id_, self.via)) for id_ in self.people]


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a level asks at an instant: people with how they came to be it, the targets that are nobody, and the channels
    that it tells. `learners` are only there to learn. `behind` are those whose page waits for somebody in front.
    """

    people: tuple[tuple[int, str], ...] = ()
    nobody: tuple[str, ...] = ()
    channels: tuple[tuple[int, str], ...] = ()
    learners: frozenset[int] = frozenset()
    behind: Mapping[int, tuple[Front, ...]] = field(default_factory=dict)

    @property
    def tells_alone(self) -> bool:
        """Whether it tells channels and asks nobody: then its time is waited for as well."""
        return bool(self.channels) and not self.people

    @property
    def all_ids(self) -> list[int]:
        """The people, and the channels below zero."""
        return [*self.ids, *(-id_ for id_, _ in self.channels)]

    @property
    def ids(self) -> list[int]:
        """The people alone."""
        return [user_id for user_id, _ in self.people]


NOTHING = Found()


def asks(level: LevelSpec, answers: Mapping[TargetSpec, Answer], *, pass_: int = 0) -> Found:
    """Say whom a level asks in a pass (from 0), given whom each of its targets is.

    A person whom two targets name is asked once. A round robin asks the target whose turn it is, in each pass the
    one after, and passes over those that nobody can be asked for.
    """
    if level.round_robin:
        return _one_of(level, answers, pass_)
    people: dict[int, str] = {}
    channels: dict[int, str] = {}
    nobody = [] if level.targets else ["It has no target"]
    for target in level.targets:
        answer = answers[target]
        for user_id, via in answer.vias():
            people.setdefault(user_id, via)
        channels |= dict.fromkeys(answer.channels, answer.via)
        if not (answer.people or answer.channels):
            nobody.append(answer.reason)
    asked = [answers[target] for target in level.targets]
    return Found(
        tuple(people.items()), tuple(nobody), tuple(channels.items()), _learners(asked), _behind(asked)
    )


def _learners(asked: Sequence[Answer]) -> frozenset[int]:
    """Those whom no target asks otherwise than to learn."""
    learn = {id_ for answer in asked for id_, _ in answer.told}
    return frozenset(
        learn - {id_ for answer in asked for id_ in answer.people if id_ not in dict(answer.told)}
    )


def _behind(asked: Sequence[Answer]) -> dict[int, tuple[Front, ...]]:
    """Those whom every target that names them puts behind somebody; who is named by another one too waits for nobody."""
    fronts: dict[int, tuple[Front, ...]] = {}
    at_once = set[int]()
    for answer in asked:
        waiting = {id_ for id_, _ in answer.behind}
        at_once |= {id_ for id_ in answer.people if id_ not in waiting}
        for id_, front in answer.behind:
            fronts[id_] = (*fronts.get(id_, ()), front)
    return {id_: found for id_, found in fronts.items() if id_ not in at_once}


def _one_of(level: LevelSpec, answers: Mapping[TargetSpec, Answer], pass_: int) -> Found:
    first = ((level.turn or 0) + pass_) % (len(level.targets) or 1)
    nobody = [] if level.targets else ["It has no target"]
    for target in (*level.targets[first:], *level.targets[:first]):
        answer = answers[target]
        if (answer.people or answer.channels) and not answer.reason:
            people = tuple((id_, _by_turns(via)) for id_, via in answer.vias())
            via = _by_turns(answer.via)
            rooms = tuple((id_, via) for id_ in answer.channels)
            return Found(people, tuple(nobody), rooms, _learners([answer]), _behind([answer]))
        nobody.append(answer.reason)
    return Found((), tuple(nobody))


def _by_turns(via: str) -> str:
    return f"{via}, by turns" if via else "by turns"


def others_in_pass(
    plan: Plan, asked: Position, answers: Mapping[TargetSpec, Answer], *, facts: Facts, at: datetime
) -> list[int]:
    """Give the people whom the rest of a pass asks after a position, by the branches as they hold at an instant."""
    later = plan.levels[asked.level + 1 :]
    taken = (level for level in later if judge(level.branch, facts, at=at).taken)
    found = [asks(level, answers, pass_=asked.round) for level in taken]
    return [id_ for each in found for id_ in each.ids if id_ not in each.learners]


def fronts(
    plan: Plan, place: Position, found: Found, *, late: timedelta, is_first: bool
) -> dict[int, tuple[Front, ...]]:
    """Say for whom the people of a level wait, and how much longer.

    They wait in the first pass of a run that asks for the first time (`is_first`), and half of the level's time at
    most, counted from when it was due; everything else pages them at once. A front is one whom the level asks.
    """
    if not is_first or place.round:
        return {}
    most = timeout(plan, place) / 2
    asked = set(found.ids)
    waits = {
        id_: tuple(
            Front(front.user_id, left)
            for front in own
            if front.user_id in asked and (left := min(front.wait, most) - late) > timedelta()
        )
        for id_, own in found.behind.items()
    }
    return {id_: own for id_, own in waits.items() if own}


def following(
    plan: Plan,
    position: Position,
    answers: Mapping[TargetSpec, Answer],
    *,
    facts: Facts,
    at: datetime,
    without: Collection[int] = (),
    people_alone: bool = False,
) -> tuple[Position, tuple[int, ...]] | None:
    """Give the next position that asks somebody, with whom; None when the plan gives up instead.

    A channel has its number below zero; with `people_alone` those who are told are left out. Levels that ask
    nobody, and those whose branch does not hold at an instant, are passed over, because the pager does not wait for
    them. Who is in `without` has answered, and is not asked again.
    """
    for _ in range(len(plan.levels)):
        if is_over(plan, position):
            return None
        verdict = judge(plan.levels[position.level].branch, facts, at=at)
        if not (verdict.taken or verdict.until):
            position = after(plan, position)
            continue
        asked = asks(plan.levels[position.level], answers, pass_=position.round).all_ids
        if ids := tuple(id_ for id_ in asked if id_ not in without and (id_ > 0 or not people_alone)):
            return position, ids
        position = after(plan, position)
    return None
