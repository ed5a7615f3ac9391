"""A plan: whom each level asks and how long they are waited for, frozen when an escalation starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from oncall.matching.rules import Branch, Hours, branch_from_json, branch_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HAND_TIMEOUT_SECONDS = 300
HAND_REPEAT = 2
"""A page by hand is repeated once, after this time, and gives up after twice that."""
LONGEST_DESCRIPTION = 80


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
class LevelSpec:
    """Who is asked together, or one at a time (`round_robin`), and for how long they are waited for.

    `turn` is the number this run was given in the round robin, None before its first level is asked. `acks_needed`
    is how many people must acknowledge once it is asked, None: as many as the plan says. `branch` is what must hold
    for it to be asked at all. `reason` says why it is asked where that is not its number. `pages_everyone` says that
    it may ask a whole team. `description` says who they are to the others, as "first line".
    """

    timeout_seconds: int
    targets: tuple[TargetSpec, ...] = ()
    round_robin: bool = False
    turn: int | None = None
    acks_needed: int | None = None
    branch: Branch | None = None
    reason: str = ""
    pages_everyone: bool = False
    description: str = ""


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
            "reason": level.reason,
            "everyone": level.pages_everyone,
            "description": level.description,
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
            str(level.get("reason", "")),
            bool(level.get("everyone", False)),
            str(level.get("description", "")),
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


def is_restricted(level: LevelSpec) -> bool:
    """Say whether a level may be passed over for what an alert is, or for the hour."""
    branch = level.branch
    return branch is not None and bool(branch.urgency or branch.conditions or branch.how is not Hours.WAIT)


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


def asked_last(plan: Plan, people: Sequence[tuple[int, str]]) -> tuple[Plan, int]:
    """Give a plan with one more level, which asks people (id and name) who were passed over, and that level's number."""
    waits = max((level.timeout_seconds for level in plan.levels), default=HAND_TIMEOUT_SECONDS)
    targets = tuple(TargetSpec(Kind.USER, id_, name) for id_, name in people)
    level = LevelSpec(waits, targets, reason=f"After every level of {plan.name}")
    return replace(plan, levels=(*plan.levels, level)), len(plan.levels)


def for_target(target: TargetSpec, *, reason: str = "") -> Plan:
    """Give a plan that asks one target, as whoever is on call in a schedule."""
    return Plan(target.name, HAND_REPEAT, (LevelSpec(HAND_TIMEOUT_SECONDS, (target,)),), reason)


CANARY = 0
"""Stands for a person in the product's own test page; nobody has this number."""
CANARY_PLAN = Plan("Canary", 1, (LevelSpec(365 * 86400, (TargetSpec(Kind.USER, CANARY, "Canary"),)),))
"""Asks nobody, and never gives up: what is left of a test page is cleared away long before."""
