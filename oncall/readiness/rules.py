"""Whether somebody who is on call can be reached, and what is wrong if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

TESTED_WITHIN = timedelta(days=30)
ENOUGH = 2
"""So many channels that work are enough, whatever else somebody has entered."""


class Problem(StrEnum):
    """A reason why a page might not be answered; the value is what programs read."""

    NO_METHOD = "no_verified_method"
    NOT_SET_UP = "channel_not_set_up"
    ONE_CHANNEL = "only_one_channel"
    FAILED = "last_message_failed"
    UNTESTED = "not_tested"
    QUIET = "quiet_hours_during_shift"


WORDS = {
    Problem.NO_METHOD: "No verified contact method: pages go to the sign-in e-mail",
    Problem.NOT_SET_UP: "A verified method counts for nothing: its channel is not set up here",
    Problem.ONE_CHANNEL: "Only one channel: nothing to fall back on",
    Problem.FAILED: "The last message failed",
    Problem.UNTESTED: f"No page was acknowledged in {TESTED_WITHIN.days} days, not even a test",
    Problem.QUIET: "Quiet hours during the shift: low urgency waits",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A contact method that is verified and turned on, whether its last message failed and anything can be sent by it."""

    channel: str
    failed: bool = False
    works: bool = True


def problems(
    methods: Sequence[Method], *, answered_at: datetime | None, is_quiet: bool, at: datetime
) -> tuple[Problem, ...]:
    """Give what is wrong with how somebody is reached, the worst first; `answered_at` is their last acknowledgement."""
    working = [method for method in methods if method.works]
    kinds = {method.channel for method in working}
    found = []
    if not working:
        found.append(Problem.NO_METHOD)
    if any(method.failed for method in working):
        found.append(Problem.FAILED)
    if len(kinds) == 1:
        found.append(Problem.ONE_CHANNEL)
    if len(kinds) < ENOUGH and len(working) < len(methods):
        found.append(Problem.NOT_SET_UP)
    if answered_at is None or at - answered_at > TESTED_WITHIN:
        found.append(Problem.UNTESTED)
    if is_quiet:
        found.append(Problem.QUIET)
    return tuple(found)
