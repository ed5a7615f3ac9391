"""Whom a level asks, given whom each of its targets is at that instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncall.escalation.rules.steps import Position, after, is_over
from oncall.matching.rules import Facts, judge

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from oncall.escalation.rules.plans import LevelSpec, Plan, TargetSpec


@dataclass(frozen=True, slots=True)
class Answer:
    """Whom a target is at an instant: ids and how they came to be it (`via`), or why nobody can be asked.

    `channels` are told and wake nobody. `told` says how some came to be it otherwise than the rest.
    """

    people: tuple[int, ...] = ()
    via: str = ""
    reason: str = ""
    channels: tuple[int, ...] = ()
    told: tuple[tuple[int, str], ...] = ()

    def vias(self) -> list[tuple[int, str]]:
        """The people, each with how they came to be it."""
        own = dict(self.told)
        return [(id_, own.get(id_, self.via)) for id_ in self.people]


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a level asks at an instant: people with how they came to be it, the targets that are nobody, and the channels
    that it tells.
    """

    people: tuple[tuple[int, str], ...] = ()
    nobody: tuple[str, ...] = ()
    channels: tuple[tuple[int, str], ...] = ()

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
    return Found(tuple(people.items()), tuple(nobody), tuple(channels.items()))


def _one_of(level: LevelSpec, answers: Mapping[TargetSpec, Answer], pass_: int) -> Found:
    first = ((level.turn or 0) + pass_) % (len(level.targets) or 1)
    nobody = [] if level.targets else ["It has no target"]
    for target in (*level.targets[first:], *level.targets[:first]):
        answer = answers[target]
        if (answer.people or answer.channels) and not answer.reason:
            people = tuple((id_, _by_turns(via)) for id_, via in answer.vias())
            via = _by_turns(answer.via)
            return Found(people, tuple(nobody), tuple((id_, via) for id_ in answer.channels))
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
    return [id_ for level in taken for id_ in asks(level, answers, pass_=asked.round).ids]


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
