"""The levels of a policy as they are edited: read from the form, changed by its buttons, checked when saved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from core.accounts import queries as people
from core.accounts.models import Team
from oncall.destinations import queries as destinations
from oncall.escalation.forms.branches import BranchDraft
from oncall.escalation.rules import reach
from oncall.escalation.rules.acks import MOST_ACKS
from oncall.escalation.rules.plans import LONGEST_DESCRIPTION, Kind, LevelSpec, TargetSpec, Turn
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from oncall.escalation.rules.plans import Plan


MOST_LEVELS = 20
MOST_TARGETS = 20
DEFAULT_MINUTES = "5"
TURNS = {
    Turn.NOW: "Whoever is on call in",
    Turn.NEXT: "Whoever is next on call in",
    Turn.PREVIOUS: "Whoever was on call before in",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A level in the editor: minutes as typed, targets as "user:3" or "schedule:5:next", and what is wrong with it."""

    minutes: str = DEFAULT_MINUTES
    targets: tuple[str, ...] = ("",)
    round_robin: bool = False
    acks: str = ""
    pages_everyone: bool = False
    branch: BranchDraft = field(default_factory=BranchDraft)
    description: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def slots(self) -> list[str]:
        """The targets to show: at least one place to choose."""
        return list(self.targets) or [""]

    @property
    def teams(self) -> list[int]:
        """The teams of which everybody would be asked."""
        found = (re.fullmatch(r"team:(\d{1,18})", target, re.ASCII) for target in self.targets)
        return [int(team[1]) for team in found if team]


class Levels:
    """The levels of the editor: read from the form, changed by its buttons, checked when they are saved."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = list(drafts)

    def everyone(self) -> list[tuple[Draft, str]]:
        """Give each level with how many people its teams are today, in words; "" for one without a team."""
        members = people.responders({id_ for draft in self.drafts for id_ in draft.teams})
        return [
            (draft, reach.people(reach.count(draft.teams, members)) if draft.teams else "")
            for draft in self.drafts
        ]

    @classmethod
    def of(cls, plan: Plan) -> Levels:
        """Give a policy's levels for editing."""
        return cls(
            [
                Draft(
                    in_minutes(level.timeout_seconds),
                    tuple(_value(target) for target in level.targets),
                    level.round_robin,
                    str(level.acks_needed or ""),
                    level.pages_everyone,
                    BranchDraft.of(level.branch, f"level-{n}-"),
                    level.description,
                )
                for n, level in enumerate(plan.levels)
            ]
        )

    @classmethod
    def posted(cls, data: QueryDict) -> Levels:
        """Give the levels as the browser sent them."""
        count = data.get("levels", "")
        number = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        return cls(
            [
                Draft(
                    data.get(f"level-{n}-minutes", "")[:12],
                    tuple(data.getlist(f"level-{n}-targets"))[:MOST_TARGETS],
                    f"level-{n}-round_robin" in data,
                    data.get(f"level-{n}-acks", "")[:12],
                    f"level-{n}-pages_everyone" in data,
                    BranchDraft.posted(data, f"level-{n}-"),
                    data.get(f"level-{n}-description", "")[: 2 * LONGEST_DESCRIPTION],
                )
                for n in range(min(number, MOST_LEVELS))
            ]
        )

    def change(self, button: str) -> None:
        """Do what a button of the editor says: `add`, or `remove`, `up`, `down`, `more` with a level's number.

        `level-`, a level's number and a button of its conditions is theirs.
        """
        if found := re.fullmatch(r"level-(\d{1,3})-(.*)", button, re.ASCII):
            if int(found[1]) < len(self.drafts):
                self.drafts[int(found[1])].branch.conditions.change(found[2])
            return
        what, _, which = button.partition("-")
        if what == "add" and len(self.drafts) < MOST_LEVELS:
            self.drafts.append(Draft())
            self._number()
            return
        n = int(which) if which.isascii() and which.isdigit() and len(which) < 4 else -1
        if not 0 <= n < len(self.drafts):
            return
        if what == "remove":
            del self.drafts[n]
        elif what == "more":
            chosen = tuple(target for target in self.drafts[n].targets if target)
            self.drafts[n] = replace(self.drafts[n], targets=(*chosen, ""))
        elif what in ("up", "down"):
            self._move(n, n - 1 if what == "up" else n + 1)
        self._number()

    def insert(self, place: int, draft: Draft) -> None:
        """Put a level before the one at a place, from 0."""
        self.drafts.insert(place, draft)
        self._number()

    def _number(self) -> None:
        """Name the fields of each level by where it stands now."""
        for n, draft in enumerate(self.drafts):
            draft.branch.conditions.prefix = f"level-{n}-"

    def _move(self, n: int, to: int) -> None:
        if 0 <= to < len(self.drafts):
            self.drafts[n], self.drafts[to] = self.drafts[to], self.drafts[n]

    def check(self) -> list[LevelSpec] | None:
        """Give the levels, or None where something is wrong with them; the drafts say what."""
        known = {value for _, group in choices() for value, _ in group}
        specs, checked = [], []
        for draft, number in self.everyone():
            spec, errors = _spec(draft, known)
            if reach.is_refused(spec):
                errors["pages_everyone"] = f"{reach.NOT_FLAGGED} That is {number} today. {reach.CHOOSE}"
            specs.append(spec)
            checked.append(replace(draft, errors=errors))
        self.drafts = checked
        return None if not specs or any(draft.errors for draft in checked) else specs

    @property
    def errors(self) -> list[tuple[int, str, str]]:
        """What is wrong: level from 0, field, words."""
        return [(n, name, text) for n, draft in enumerate(self.drafts) for name, text in draft.errors.items()]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Give everything that a level can ask, in groups."""
    known = [TargetSpec(Kind.SCHEDULE, row.pk, row.name) for row in schedules.schedules()]
    turns = [(name, [replace(target, turn=turn) for target in known]) for turn, name in TURNS.items()]
    teams = [TargetSpec(Kind.TEAM, team.pk, team.name) for team in Team.objects.order_by("name")]
    users = [TargetSpec(Kind.USER, user.pk, str(user)) for user in people.people()]
    rooms = [TargetSpec(Kind.CHANNEL, row.pk, row.name) for row in destinations.everywhere()]
    groups = [
        *turns,
        ("Everybody who responds in", teams),
        ("A person", users),
        ("A channel, which wakes nobody", rooms),
    ]
    return [(name, [(_value(each), each.label) for each in targets]) for name, targets in groups if targets]


def _value(target: TargetSpec) -> str:
    """Write a target as a choice: "user:3", "schedule:5:next"."""
    turn = "" if target.turn is Turn.NOW else f":{target.turn}"
    return f"{target.kind}:{target.id}{turn}"


def _target(value: str) -> TargetSpec:
    """Read a choice that is known to be one."""
    kind, id_, *turn = value.split(":")
    return TargetSpec(Kind(kind), int(id_), turn=Turn(*turn) if turn else Turn.NOW)


def _spec(draft: Draft, known: set[str]) -> tuple[LevelSpec, dict[str, str]]:
    errors = {}
    seconds = _seconds(draft.minutes)
    if seconds is None:
        errors["minutes"] = "Enter minutes from 0.1 to 1440, as 5 or 2.5."
    acks = _acks(draft.acks)
    if acks is None:
        errors["acks"] = f"Enter a number from 1 to {MOST_ACKS}, or leave it empty."
    chosen = list(dict.fromkeys(target for target in draft.targets if target))
    if not chosen:
        errors["targets"] = "Choose whom this level asks."
    elif not known.issuperset(chosen):
        errors["targets"] = "One of these cannot be asked any more. Choose again."
    targets = () if "targets" in errors else tuple(_target(value) for value in chosen)
    branch, wrong = draft.branch.check()
    if wrong:
        errors["branch"] = wrong
    description = " ".join(draft.description.split())
    if len(description) > LONGEST_DESCRIPTION:
        errors["description"] = f"Use at most {LONGEST_DESCRIPTION} letters."
    return LevelSpec(
        seconds or 1,
        targets,
        draft.round_robin,
        acks_needed=acks or None,
        branch=branch,
        pages_everyone=draft.pages_everyone,
        description=description,
    ), errors


def _acks(typed: str) -> int | None:
    """Read how many people must acknowledge: 0 for as many as the policy says, None where it is no such number."""
    plain = typed.strip() or "0"
    if not (plain.isascii() and plain.isdecimal()) or len(plain) > 2:
        return None
    number = int(plain)
    return number if number <= MOST_ACKS and (number or not typed.strip()) else None


def in_minutes(seconds: int | None) -> str:
    """Write seconds as the minutes that are typed, as 5 or 2.5."""
    return "" if seconds is None else f"{Decimal(seconds) / 60:.2f}".rstrip("0").rstrip(".")


def _seconds(minutes: str) -> int | None:
    plain = minutes.strip().replace(",", ".")
    if not plain.replace(".", "", 1).isdecimal() or not plain.isascii():
        return None
    seconds = round(Decimal(plain) * 60)
    return seconds if 6 <= seconds <= 86400 else None
