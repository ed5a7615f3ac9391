"""What an escalation does at an instant. A position is the one to be asked next: a pass and a level, from 0."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from oncall.matching.rules import Facts, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oncall.escalation.rules.plans import Plan

OUTAGE = timedelta(seconds=30)
"""Lateness beyond this is an outage: levels whose time is wholly over are not asked any more, but recorded."""
LATE = timedelta(seconds=30)
"""Lateness beyond this is told to the person who is asked."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A pass and a level of it, both from 0."""

    round: int = 0
    level: int = 0


FIRST = Position()


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now: ask `ask` (None: nobody is left, give up), then be at `next` at `next_at`.

    `due` is when `ask` should have been asked. `skipped` are the positions whose time was over before. `passed` are
    those whose branch does not hold, with the reason; `waits` is why nobody is asked before `next_at`.
    """

    ask: Position | None
    due: datetime
    next: Position
    next_at: datetime | None
    late: timedelta = timedelta()
    skipped: tuple[Position, ...] = ()
    passed: tuple[tuple[Position, str], ...] = ()
    waits: str = ""


def is_over(plan: Plan, position: Position) -> bool:
    """Say whether every level was asked as often as the plan says."""
    return position.round >= plan.repeat or not plan.levels


def after(plan: Plan, position: Position) -> Position:
    """Give the position that follows: the next level, or the first one of the next pass."""
    if position.level + 1 < len(plan.levels):
        return Position(position.round, position.level + 1)
    return Position(position.round + 1, 0)


def before(plan: Plan, position: Position) -> Position | None:
    """Give the position that was asked before this one, None for the first."""
    if position.level > 0:
        return Position(position.round, position.level - 1)
    return Position(position.round - 1, len(plan.levels) - 1) if position.round > 0 and plan.levels else None


def timeout(plan: Plan, position: Position) -> timedelta:
    """Give how long the level at a position is waited for."""
    return timedelta(seconds=plan.levels[position.level].timeout_seconds)


def decide(plan: Plan, position: Position, *, due: datetime, now: datetime, facts: Facts) -> Step:
    """Say what an escalation does that is at `position`, due at `due`.

    A level whose branch does not hold is passed over without waiting; one that waits for working hours is looked at
    again when they begin.
    """
    passed: list[tuple[Position, str]] = []
    skipped: tuple[Position, ...] = ()
    while True:
        step = _in_time(plan, position, due=due, now=now)
        skipped += step.skipped
        step = replace(step, skipped=skipped, passed=tuple(passed))
        verdict = (
            judge(plan.levels[step.ask.level].branch, facts, at=now) if step.ask else Verdict(taken=True)
        )
        if step.ask is None or verdict.taken:
            return step
        if verdict.until is not None:
            return replace(step, ask=None, next=step.ask, next_at=verdict.until, waits=verdict.why)
        passed.append((step.ask, verdict.why))
        position, due = after(plan, step.ask), step.due


def _in_time(plan: Plan, position: Position, *, due: datetime, now: datetime) -> Step:
    """Say which level's time it is.

    The next one is due a time-out after `due`, not after `now`, so that lateness does not add up. After an outage
    only the level in whose time `now` lies is asked, the last one of the last pass when all are over.
    """
    if is_over(plan, position):
        return Step(None, due, position, None, late=now - due)
    here, begins, skipped = position, due, []
    while (
        now - due >= OUTAGE
        and begins + timeout(plan, here) <= now
        and not is_over(plan, following := after(plan, here))
    ):
        skipped.append(here)
        here, begins = following, begins + timeout(plan, here)
    ends = begins + timeout(plan, here)
    if now - due >= OUTAGE and ends <= now:
        ends = now + timeout(plan, here)  # the very last one was never asked: it gets its whole time
    return Step(here, begins, after(plan, here), ends, late=now - begins, skipped=tuple(skipped))


def resume(
    plan: Plan, position: Position, *, last_due: datetime | None, now: datetime
) -> tuple[Position, datetime]:
    """Say where an escalation goes on that nobody has any more, and when.

    As if it had never been stopped while the level last asked (at `last_due`) still has time; else from the top.
    """
    asked = before(plan, position)
    if asked is not None and last_due is not None:
        ends = last_due + timeout(plan, asked)
        if ends > now:
            return position, ends
    return Position(), now


def due_after(step: Step, *, reached: bool, now: datetime) -> datetime:
    """Say when a run goes on after a step: at once where nobody could be reached."""
    return step.next_at if reached and step.next_at else now


def heard(step: Step, *, at: datetime, until: datetime | None) -> Step:
    """Give a level its whole time from when the first of its people hears of it: quiet hours do not use it up."""
    if until is None or step.next_at is None:
        return step
    return replace(step, next_at=step.next_at + (until - at))


def heard_at(waits: Sequence[datetime | None]) -> datetime | None:
    """Give until when everybody waits who is reached; None where one of them hears of it at once, or nobody ever."""
    later = [until for until in waits if until is not None]
    return min(later) if later and len(later) == len(waits) else None


def why(plan: Plan, position: Position, via: str = "") -> str:
    """Say why somebody is asked at a position, and how they came to be it."""
    here = plan.levels[position.level] if position.level < len(plan.levels) else None
    branch = here.branch if here else None
    described = f", {here.description}" if here and here.description else ""
    level = (
        plan.reason
        or (here.reason if here else "")
        or f"Level {position.level + 1} of {plan.name}{described}{f' ({branch.said})' if branch else ''}"
    )
    again = f", pass {position.round + 1} of {plan.repeat}" if position.round else ""
    return f"{level}{again}{f': {via}' if via else ''}"
