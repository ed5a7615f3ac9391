"""By when those outside the room must have heard of an incident, whatever becomes of it. Pure.

The spans that ship come from the books this is built on: a first word on the status page within 15 minutes of the
declaration (004 "Stakeholders"), customers written to within an hour (002 "Customer Email"), executives at the worst
level only (004, 002).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LATE = 3
"""How often somebody is reminded once it is late: from then on it stands in the room alone."""


class Kind(StrEnum):
    PUBLIC = "public"
    CUSTOMERS = "customers"
    EXECUTIVES = "executives"
    ACCOUNT = "account"


TITLES = {
    Kind.PUBLIC: "First word on the status page",
    Kind.CUSTOMERS: "Write to customers",
    Kind.EXECUTIVES: "Tell executives",
    Kind.ACCOUNT: "Write to customers what happened",
}
"""What has to be done."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What counts of an incident. `levels` is which rank it had since when, the earliest first; `over` why it was none.

    `reached` are the kinds that have anybody to tell: a page with components, a list with somebody on it.
    """

    levels: Sequence[tuple[datetime, int]]
    stays_inside: bool
    over: str
    resolved_at: datetime | None
    reached: Collection[Kind]


@dataclass(frozen=True, slots=True)
class Rule:
    """Within how long; reminded `soon` before and, once late, `again` every so long. None: not."""

    within: timedelta
    soon: timedelta | None
    again: timedelta | None


def since(kind: Kind, facts: Facts, *, asking: Collection[int]) -> datetime | None:
    """Give from when the time counts for what these ranks ask for; None where nothing is owed.

    It is the declaration where the incident has been at such a level all the time, else when it last came to one; what
    happened is told from when it was resolved.
    """
    if not_asked(kind, facts, asking=asking):
        return None
    begun: datetime | None = None
    for at, rank in facts.levels:
        begun = (begun or at) if rank in asking else None
    return facts.resolved_at if kind is Kind.ACCOUNT else begun


def not_asked(kind: Kind, facts: Facts, *, asking: Collection[int]) -> str:
    """Say why nothing is owed; "" where it is."""
    if facts.stays_inside:
        return "it stays inside"
    if facts.over:
        return facts.over
    if not facts.levels or facts.levels[-1][1] not in asking:
        return "its level does not ask for it"
    if kind is Kind.ACCOUNT and facts.resolved_at is None:
        return "it goes on"
    return "" if kind in facts.reached else "there is nobody to tell"


def next_reminder(rule: Rule, *, since: datetime, due: datetime, last: datetime | None) -> datetime | None:
    """Give the moment of the next reminder after the `last` one; None where all were said."""
    return next((moment for moment in _moments(rule, since, due) if last is None or moment > last), None)


def latest(rule: Rule, *, since: datetime, due: datetime, at: datetime) -> datetime:
    """Give the last moment that has come: who was away is reminded once, not of each that passed."""
    return max(moment for moment in _moments(rule, since, due) if moment <= at)


def _moments(rule: Rule, since: datetime, due: datetime) -> list[datetime]:
    soon = [due - rule.soon] if rule.soon and due - rule.soon > since else []
    again = [due + rule.again * turn for turn in range(1, LATE)] if rule.again else []
    return [*soon, due, *again]


def late(seconds: float) -> str:
    """Write by how much something is late, or how long there is left, as people say it."""
    size = abs(seconds)
    if size < 60:
        return "now"
    if size >= 2 * 86400:
        words = f"{int(size // 86400)} days"
    elif size >= 2 * 3600:
        words = f"{int(size // 3600)} hours"
    else:
        words = f"{int(size // 60)} min"
    return f"{words} late" if seconds > 0 else f"{words} left"
