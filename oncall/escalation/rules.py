"""What a frozen plan asks at an instant. A position is the one to be asked next: a pass and a level, from 0."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from oncall.matching.rules import Branch, Facts, Hours, Verdict, branch_from_json, branch_to_json, judge

OUTAGE = timedelta(seconds=30)
"""Lateness beyond this is an outage: levels whose time is wholly over are not asked any more, but recorded."""
LATE = timedelta(seconds=30)
"""Lateness beyond this is told to the person who is asked."""
ACK_TIMEOUT = "oncall.ack_timeout"
"""The promise to look again at an alert that was taken; its occurrence is the epoch in which it was."""
MOST_ACKS = 10
HAND_TIMEOUT_SECONDS = 300
HAND_REPEAT = 2
"""A page by hand is repeated once, after this time, and gives up after twice that."""


class Kind(StrEnum):
    USER = "user"
    SCHEDULE = "schedule"
    TEAM = "team"
    CHANNEL = "channel"


class Turn(StrEnum):
    """Whose turn of a schedule: who has it, whoever else has it next, or whoever else had it before."""

    NOW = "now"
    NEXT = "next"
    PREVIOUS = "previous"


TURNS = {Turn.NOW: "on call", Turn.NEXT: "next on call", Turn.PREVIOUS: "on call before"}


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A person, a turn of a schedule, or everybody in a team who responds.

    `name` is what it was called when the plan was made.
    """

    kind: Kind
    id: int
    name: str = ""
    turn: Turn = Turn.NOW

    @property
    def label(self) -> str:
        """The target as people read it, without its answer."""
        if self.kind is Kind.TEAM:
            return f"Everybody in {self.name}"
        return self.name if self.turn is Turn.NOW else f"{self.turn.capitalize()} in {self.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whom a target is at an instant: ids and how they came to be it (`via`), or why nobody can be asked.

    `channels` are told and wake nobody.
    """

    people: tuple[int, ...] = ()
    via: str = ""
    reason: str = ""
    channels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelSpec:
    """Who is asked together, or one at a time (`round_robin`), and for how long they are waited for.

    `turn` is the number this run was given in the round robin, None before its first level is asked. `acks_needed`
    is how many people must acknowledge once it is asked, None: as many as the plan says. `branch` is what must hold
    for it to be asked at all.
    """

    timeout_seconds: int
    targets: tuple[TargetSpec, ...] = ()
    round_robin: bool = False
    turn: int | None = None
    acks_needed: int | None = None
    branch: Branch | None = None


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


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy as it was when an escalation started. `repeat` counts passes in all; `reason` says why not another.

    `ack_timeout_seconds` is how long somebody may have it before it asks again; None: for ever. `acks_needed` is how
    many different people must acknowledge.
    """

    name: str
    repeat: int
    levels: tuple[LevelSpec, ...]
    reason: str = ""
    ack_timeout_seconds: int | None = None
    acks_needed: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A pass and a level of it, both from 0."""

    round: int = 0
    level: int = 0


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


def to_json(plan: Plan) -> dict[str, Any]:
    """Give a plan as it is stored."""
    levels = [
        {
            "timeout": level.timeout_seconds,
            "targets": [_stored(target) for target in level.targets],
            "round_robin": level.round_robin,
            "turn": level.turn,
            "acks": level.acks_needed,
            "branch": branch_to_json(level.branch) if level.branch else None,
        }
        for level in plan.levels
    ]
    return {
        "name": plan.name,
        "repeat": plan.repeat,
        "levels": levels,
        "reason": plan.reason,
        "ack_timeout": plan.ack_timeout_seconds,
        "acks": plan.acks_needed,
    }


def from_json(stored: Mapping[str, Any]) -> Plan:
    """Read a stored plan; KeyError, TypeError or ValueError where it is none."""
    levels = tuple(
        LevelSpec(
            int(level["timeout"]),
            tuple(_read(target) for target in level["targets"]),
            bool(level.get("round_robin", False)),
            level.get("turn"),
            level.get("acks"),
            branch_from_json(level.get("branch")),
        )
        for level in stored["levels"]
    )
    return Plan(
        str(stored["name"]),
        int(stored["repeat"]),
        levels,
        str(stored.get("reason", "")),
        stored.get("ack_timeout"),
        int(stored.get("acks", 1)),
    )


def _stored(target: TargetSpec) -> dict[str, Any]:
    return {"kind": target.kind.value, "id": target.id, "name": target.name, "turn": target.turn.value}


def _read(stored: Mapping[str, Any]) -> TargetSpec:
    # What was planned by an earlier release says nothing of turns.
    turn = Turn(stored.get("turn", Turn.NOW))
    return TargetSpec(Kind(stored["kind"]), int(stored["id"]), str(stored.get("name", "")), turn)


def awaits_turns(plan: Plan) -> list[int]:
    """Give the levels, from 0, whose round robin has not given this run a turn yet."""
    return [n for n, level in enumerate(plan.levels) if level.round_robin and level.turn is None]


def with_turns(plan: Plan, turns: Mapping[int, int]) -> Plan:
    """Give a plan in which levels (from 0) have these turns of their round robin."""
    levels = (replace(level, turn=turns.get(n, level.turn)) for n, level in enumerate(plan.levels))
    return replace(plan, levels=tuple(levels))


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
        for user_id in answer.people:
            people.setdefault(user_id, answer.via)
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
            via = f"{answer.via}, by turns" if answer.via else "by turns"
            people = tuple((user_id, via) for user_id in answer.people)
            return Found(people, tuple(nobody), tuple((id_, via) for id_ in answer.channels))
        nobody.append(answer.reason)
    return Found((), tuple(nobody))


def following(
    plan: Plan,
    position: Position,
    answers: Mapping[TargetSpec, Answer],
    *,
    facts: Facts,
    at: datetime,
    without: Collection[int] = (),
) -> tuple[Position, tuple[int, ...]] | None:
    """Give the next position that asks somebody, with whom; None when the plan gives up instead.

    A channel has its number below zero. Levels that ask nobody, and those whose branch does not hold at an instant,
    are passed over, because the pager does not wait for them. Who is in `without` has answered, and is not asked
    again.
    """
    for _ in range(len(plan.levels)):
        if is_over(plan, position):
            return None
        verdict = judge(plan.levels[position.level].branch, facts, at=at)
        if not (verdict.taken or verdict.until):
            position = after(plan, position)
            continue
        asked = asks(plan.levels[position.level], answers, pass_=position.round).all_ids
        if ids := tuple(id_ for id_ in asked if id_ not in without):
            return position, ids
        position = after(plan, position)
    return None


def is_restricted(level: LevelSpec) -> bool:
    """Say whether a level may be passed over for what an alert is, or for the hour."""
    branch = level.branch
    return branch is not None and bool(branch.urgency or branch.conditions or branch.how is not Hours.WAIT)


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


def acks_needed(plan: Plan, asked: Position = Position()) -> int:
    """Say how many people must acknowledge a run that has asked its levels up to one: the most that any of them says."""
    so_far = plan.levels if asked.round else plan.levels[: asked.level + 1]
    return max((level.acks_needed or plan.acks_needed for level in so_far), default=plan.acks_needed)


def acks_said(count: int, needed: int) -> str:
    """Say how many have acknowledged, as 1 of 2 acknowledged, waiting for one more."""
    more = needed - count
    return f"{count} of {needed} acknowledged" + (
        f", waiting for {'one' if more == 1 else more} more" if more > 0 else ""
    )


def acks_wanted(needed: int, count: int = 0) -> str:
    """Say that one is not enough, "" where one is."""
    if needed <= 1:
        return ""
    has = f", and {count} {'has' if count == 1 else 'have'}" if count else ""
    return f" {needed} people must acknowledge{has}."


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
    branch = plan.levels[position.level].branch if position.level < len(plan.levels) else None
    level = plan.reason or f"Level {position.level + 1} of {plan.name}{f' ({branch.said})' if branch else ''}"
    again = f", pass {position.round + 1} of {plan.repeat}" if position.round else ""
    return f"{level}{again}{f': {via}' if via else ''}"


@dataclass(frozen=True, slots=True)
class Asking:
    """What a run does at an instant when nobody acknowledges: asks a level, or (no position) gives up.

    `aside` says why a level is passed over, or waits.
    """

    at: datetime
    position: Position | None
    found: Found = Found()
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


def give_up_seconds(plan: Plan) -> int:
    """Give how long all passes take together, in seconds."""
    return plan.repeat * sum(level.timeout_seconds for level in plan.levels)


def offsets(plan: Plan) -> list[int]:
    """Give when each level of the first pass is asked, in seconds from the start."""
    times, total = [], 0
    for level in plan.levels:
        times.append(total)
        total += level.timeout_seconds
    return times


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


def for_people(name: str, people: Sequence[tuple[int, str]], *, reason: str = "") -> Plan:
    """Give a plan that asks these people (id and name) together."""
    targets = tuple(TargetSpec(Kind.USER, id_, label) for id_, label in people)
    return Plan(name, HAND_REPEAT, (LevelSpec(HAND_TIMEOUT_SECONDS, targets),), reason)


def as_last_resort(plan: Plan, *, asked: str) -> Plan:
    """Give a plan as it is asked once more when nobody of the plan named `asked` has answered.

    It has one pass and no branches: there is nothing behind it.
    """
    reason = f"Last resort, because nobody of {asked} answered" if asked else "Last resort: nobody answered"
    levels = tuple(replace(level, branch=None) for level in plan.levels)
    return replace(plan, repeat=1, reason=reason, levels=levels)


def for_target(target: TargetSpec, *, reason: str = "") -> Plan:
    """Give a plan that asks one target, as whoever is on call in a schedule."""
    return Plan(target.name, HAND_REPEAT, (LevelSpec(HAND_TIMEOUT_SECONDS, (target,)),), reason)


CANARY = 0
"""Stands for a person in the product's own test page; nobody has this number."""
CANARY_PLAN = Plan("Canary", 1, (LevelSpec(365 * 86400, (TargetSpec(Kind.USER, CANARY, "Canary"),)),))
"""Asks nobody, and never gives up: what is left of a test page is cleared away long before."""
