"""What a plan would do if nobody acknowledged, and what is doubtful about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from oncall.escalation.rules.steps import Position, decide, due_after, heard, heard_at
from oncall.escalation.rules.targets import NOTHING, Answer, Found, asks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from oncall.escalation.rules.plans import Plan, TargetSpec
    from oncall.matching.rules import Facts


@dataclass(frozen=True, slots=True)
class Asking:
    """What a run does at an instant when nobody acknowledges: asks a level, or (no position) gives up.

    `aside` says why a level is passed over, or waits.
    """

    at: datetime
    position: Position | None
    found: Found = NOTHING
    aside: str = ""


def run(
    plan: Plan,
    *,
    start: datetime,
    answers: Callable[[datetime], Mapping[TargetSpec, Answer]],
    waits: Callable[[int, datetime], datetime | Literal[False] | None],
    facts: Facts,
) -> list[Asking]:
    """Give all that a run would do from `start` on if nobody acknowledged: the pager's own decisions, none of its acts.

    `answers` says whom the targets are at an instant, `waits` until when a person waits who is asked at one (None: not
    at all; False: they cannot be reached).
    """
    position, due, done = Position(), start, list[Asking]()
    while True:
        step = decide(plan, position, due=due, now=due, facts=facts)
        done += [Asking(due, place, aside=why) for place, why in step.passed]
        if step.waits and step.next_at:
            done.append(Asking(due, step.next, aside=step.waits))
            position, due = step.next, step.next_at
            continue
        if step.ask is None:
            return [*done, Asking(due, None)]
        found = asks(plan.levels[step.ask.level], answers(due), pass_=step.ask.round)
        done.append(Asking(due, step.ask, found))
        reached = [until for id_ in found.ids if (until := waits(id_, due)) is not False]
        step = heard(step, at=due, until=heard_at(reached))
        position, due = step.next, due_after(step, reached=bool(reached) or found.tells_alone, now=due)


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
