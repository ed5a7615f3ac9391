"""Who reports to whom, when that is too many, and whose turn it is to command: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds, and the role to which it reports; empty: to whoever commands."""

    user: int
    role: str
    reports_to: str = ""
    commands: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """Who reports to the commander directly, and who takes part with neither a role nor a task."""

    commander: int | None
    direct: Sequence[int]
    loose: Sequence[int]


def structure(held: Sequence[Held], *, busy: Collection[int], taking_part: Iterable[int]) -> Structure:
    """Say who reports to the commander; `busy` are those with an open task.

    Whoever has a role that reports to another one which somebody else holds reports there. A task alone was
    asked for by whoever commands.
    """
    commander = next((row.user for row in held if row.commands), None)
    holders: dict[str, set[int]] = {}
    for row in held:
        holders.setdefault(row.role, set()).add(row.user)
    bound = {row.user for row in held} | set(busy)
    direct = []
    for user in sorted(bound - {commander}):
        roles = [row for row in held if row.user == user]
        elsewhere = [bool(holders.get(row.reports_to, set()) - {user, commander}) for row in roles]
        if not roles or not all(elsewhere):
            direct.append(user)
    loose = [user for user in dict.fromkeys(taking_part) if user not in bound]
    return Structure(commander, direct if commander is not None else [], loose)


@dataclass(frozen=True, slots=True)
class Trained:
    """Somebody who can command, and when they last did; None: never."""

    user: int
    name: str
    last: datetime | None


def turn(pool: Iterable[Trained], *, without: Collection[int]) -> list[int]:
    """Give whose turn it is, first the one who has not commanded for longest; `without` those who cannot now."""
    able = [row for row in pool if row.user not in without]
    return [row.user for row in sorted(able, key=lambda row: (row.last or NEVER, row.name, row.user))]


def next_to_ask(
    on_call: Sequence[int], order: Sequence[int], *, without: Collection[int], busy: Collection[int]
) -> list[int]:
    """Give who is asked to command at once, in that order: who is on call for it, then whose turn it is.

    Who is busy with another incident comes after all who are not; `without` are those who are not asked.
    """
    able = [user for user in dict.fromkeys([*on_call, *order]) if user not in without]
    return sorted(able, key=lambda user: user in busy)
