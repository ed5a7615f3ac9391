"""A schedule of three who take weekly turns, and what the tests of swaps do with it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from core.events import bus
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.swaps import operations

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule, Swap

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
WEEK, DAY = timedelta(days=7), timedelta(days=1)
# The weeks from here on are Alice's, Bob's, Carol's, Alice's, …
HERS = datetime(2026, 11, 23, 9, tzinfo=UTC)


def weekly(*people: User, at: time = time(9), start: datetime = MONDAY) -> schedules.LayerSpec:
    return schedules.LayerSpec(
        name="Primary",
        start=start,
        handoff_at=at,
        weekday=0,
        participants=[[person] for person in people],
    )


def who(schedule: Schedule, at: datetime) -> tuple[int, ...]:
    return resolver.on_call([schedule.pk], at)[schedule.pk].users


def settle() -> None:
    """Let everybody hear what happened."""
    while bus.deliver_due():
        pass


def asked(schedule: Schedule, user: User, *, actor: User | None = None, **given: Any) -> Swap:
    span = {"start": HERS, "end": HERS + WEEK}
    return operations.ask_between(schedule, beneficiary=user, actor=actor or user, **{**span, **given})
