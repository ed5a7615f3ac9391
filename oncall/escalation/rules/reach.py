"""How many people a level pages: a whole team only where the level says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oncall.escalation.rules.plans import Kind, LevelSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NOT_FLAGGED = "A whole team is paged only by a level that says it pages everyone of the team."
CHOOSE = "Say that it pages everyone of the team, or choose whoever is on call in a schedule."


def whole_teams(level: LevelSpec) -> list[int]:
    """Give the teams of which a level asks everybody who responds."""
    return [target.id for target in level.targets if target.kind is Kind.TEAM]


def is_refused(level: LevelSpec) -> bool:
    """Say whether a level asks a whole team without saying so."""
    return bool(whole_teams(level)) and not level.pages_everyone


def unflagged(levels: Sequence[LevelSpec]) -> list[int]:
    """Give the levels, from 0, that ask a whole team and do not say so."""
    return [n for n, level in enumerate(levels) if is_refused(level)]


def count(team_ids: Collection[int], members: Mapping[int, Collection[int]]) -> int:
    """Give how many different people are in these teams."""
    return len({user_id for id_ in team_ids for user_id in members.get(id_, ())})


def people(number: int) -> str:
    """Write a number of people."""
    return "1 person" if number == 1 else f"{number} people"


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """How many different people a level asked in a pass of a run; level and pass count from 1."""

    run: int
    pass_: int
    level: int
    recipients: int

    @property
    def said(self) -> str:
        """Say it as people read it."""
        again = f", pass {self.pass_}" if self.pass_ > 1 else ""
        return f"level {self.level}{again}: {people(self.recipients)}"
