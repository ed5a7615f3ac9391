"""What an edit changes, with the people by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.accounts.models import User
from oncall.schedules.rules import compare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from oncall.schedules.rules import resolver


@dataclass(frozen=True, slots=True)
class Told:
    """A difference for a page: each change with its person, and what each gains and loses."""

    changes: list[tuple[User, compare.Change]]
    balance: list[tuple[User, timedelta, timedelta]]


def told(changes: Sequence[compare.Change]) -> Told:
    """Name the people of a difference; who only has their time by another rule is left out."""
    people = User.objects.in_bulk({change.user for change in changes})
    moved = [change for change in changes if change.effect is not compare.Effect.OTHER_REASON]
    sums = [(people[each.user], each.gained, each.lost) for each in compare.balance(moved)]
    return Told(
        [(people[change.user], change) for change in moved], sorted(sums, key=lambda row: row[0].name)
    )


def named(pieces: Sequence[resolver.Slice]) -> dict[int, User]:
    """Give the people of some stretches, by id."""
    return User.objects.in_bulk({user for piece in pieces for user in piece.users})
