"""How many people must acknowledge, and how that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncall.escalation.rules.steps import FIRST, Position

if TYPE_CHECKING:
    from oncall.escalation.rules.plans import Plan

ACK_TIMEOUT = "oncall.ack_timeout"
"""The promise to look again at an alert that was taken; its occurrence is the epoch in which it was."""
MOST_ACKS = 10


def acks_needed(plan: Plan, asked: Position = FIRST) -> int:
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
