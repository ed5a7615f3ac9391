"""What a plan would do if nobody acknowledged, and what is doubtful about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from oncall.escalation.rules.plans import asked_last
from oncall.escalation.rules.steps import Position, decide, due_after, heard, heard_at
from oncall.escalation.rules.targets import NOTHING, Answer, Found, asks, fronts, others_in_pass
from oncall.paging.rules import Over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from oncall.escalation.rules.plans import Plan, TargetSpec
    from oncall.matching.rules import Facts
    from oncall.nights.rules import Verdict
    from oncall.paging.rules import Front


@dataclass(frozen=True, slots=True)
class Asking:
    """What a run does at an instant when nobody acknowledges: asks a level, or (no position) gives up.

    `aside` says why a level is passed over, or waits. `plan` is the one that it has then. `over` are those of its people
    who are over their limit of a night, with what becomes of it. `fronts` are the trainees for whom some of them wait.
    """

    at: datetime
    position: Position | None
    plan: Plan
    found: Found = NOTHING
    aside: str = ""
    over: Mapping[int, Verdict] = field(default_factory=dict)
    fronts: Mapping[int, tuple[Front, ...]] = field(default_factory=dict)

    @property
    def spared(self) -> list[int]:
        """Those of its people who are passed over for their limit."""
        return [id_ for id_, verdict in self.over.items() if verdict.over is Over.PASSED_OVER]

    @property
    def woken(self) -> list[int]:
        """All others of its people."""
        return [id_ for id_ in self.found.ids if id_ not in self.spared]


OverLimit: TypeAlias = "Callable[[Asking, Callable[[], Sequence[int]]], Mapping[int, Verdict]]"
"""What becomes of those who are over their limit of a night, given whom the rest of the pass asks."""


def run(
    plan: Plan,
    *,
    start: datetime,
    answers: Callable[[datetime], Mapping[TargetSpec, Answer]],
    waits: Callable[[int, datetime], datetime | Literal[False] | None],
    facts: Facts,
    over: OverLimit = lambda _asking, _later: {},
    is_first: bool = True,
) -> list[Asking]:
    """Give all that a run would do from `start` on if nobody acknowledged: the pager's own decisions, none of its acts.

    `answers` says whom the targets are at an instant, `waits` until when a person waits who is asked at one (None: not
    at all; False: they cannot be reached), `over` what becomes of those who are over their limit of a night. One that
    asks for the first time (`is_first`) lets trainees in front be paged first.
    """
    position, due, done = Position(), start, list[Asking]()
    asked, spared = set[int](), dict[int, None]()
    while True:
        step = decide(plan, position, due=due, now=due, facts=facts)
        done += [Asking(due, place, plan, aside=why) for place, why in step.passed]
        if step.waits and step.next_at:
            done.append(Asking(due, step.next, plan, aside=step.waits))
            position, due = step.next, step.next_at
            continue
        if step.ask is None and (left := [(id_, "") for id_ in spared if id_ not in asked]):
            plan, level = asked_last(plan, left)
            position = Position(max(plan.repeat - 1, 0), level)
            continue
        if step.ask is None:
            return [*done, Asking(due, None, plan)]
        asking = _asking(plan, step.ask, due, answers(due), facts, over)
        waiting = fronts(plan, step.ask, asking.found, late=timedelta(), is_first=is_first)
        asking = replace(asking, fronts=waiting)
        done.append(asking)
        asked |= set(asking.woken)
        spared |= dict.fromkeys(asking.spared)
        reached = _hears(asking, waits)
        step = heard(step, at=due, until=heard_at(reached))
        position, due = step.next, due_after(step, reached=bool(reached) or asking.found.tells_alone, now=due)


def _asking(
    plan: Plan,
    place: Position,
    at: datetime,
    answers: Mapping[TargetSpec, Answer],
    facts: Facts,
    over: OverLimit,
) -> Asking:
    level = plan.levels[place.level]
    # Whom a level asks that was added to the plan is nobody's answer yet.
    known = {**{target: Answer((target.id,)) for target in level.targets if level.reason}, **answers}
    asking = Asking(at, place, plan, asks(level, known, pass_=place.round))
    later = partial(others_in_pass, plan, place, known, facts=facts, at=at)
    return replace(asking, over=over(asking, later))


def _hears(
    asking: Asking, waits: Callable[[int, datetime], datetime | Literal[False] | None]
) -> list[datetime | None]:
    """When each of those hears of it who are woken (None: at once), without those who cannot be reached."""
    found = []
    for id_ in asking.woken:
        not_before = asking.over[id_].until if id_ in asking.over else None
        until = waits(id_, not_before or asking.at)
        if until is not False:
            found.append(until or not_before)
    return found


def warnings(
    people: Sequence[Sequence[int]],
    *,
    gives_up_after: int,
    goal: int | None = None,
    acks_needed: int = 1,
    branches: Sequence[bool] = (),
) -> list[str]:
    """Say what is doubtful about levels that would ask these people right now."""
    found = [
        f"Level {n} asks nobody right now; the next level is asked at once."
        for n, ids in enumerate(people, 1)
        if not ids
    ]
    asked = [frozenset(ids) for ids in people if ids]
    if len(asked) > 1 and len(set(asked)) == 1 and len(asked[0]) == 1:
        found.append("Every level asks the same person right now.")
    if not people:
        found.append("There is no level: every admin is asked instead.")
    everybody = {id_ for ids in asked for id_ in ids if id_ > 0}
    if asked and not everybody:
        found.append("No level asks a person right now: channels are told, and nobody is woken.")
    elif asked and len(everybody) < acks_needed:
        found.append(
            f"{acks_needed} people must acknowledge, and fewer are asked right now: it would give up."
        )
    if branches and all(branches):
        found.append("Every level is for some alerts only: what none of them is for goes to the last resort.")
    if goal is not None and gives_up_after > goal:
        found.append("It takes longer than the most urgent severity allows.")
    return found
