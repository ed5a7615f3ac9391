"""Propose time off, plan it, take it back, and say when it is about to be lost."""

from oncall.timeoff.operations.changing import (
    ChangedMeanwhile,
    NotNow,
    Unfit,
    decline,
    plan,
    reopen,
    set_terms,
)
from oncall.timeoff.operations.deadlines import DAY, OVER, come, over
from oncall.timeoff.operations.notices import CLIENT, hear, unwanted
from oncall.timeoff.operations.proposing import propose, propose_now

__all__ = [
    "CLIENT",
    "DAY",
    "OVER",
    "ChangedMeanwhile",
    "NotNow",
    "Unfit",
    "come",
    "decline",
    "hear",
    "over",
    "plan",
    "propose",
    "propose_now",
    "reopen",
    "set_terms",
    "unwanted",
]
