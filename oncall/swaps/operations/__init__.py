"""Everything that changes a swap."""

from oncall.swaps.operations.asking import NotWhole, ask, ask_between
from oncall.swaps.operations.ending import GivenOn, expire, refresh, refresh_of, remind, withdraw
from oncall.swaps.operations.notices import CLIENT, hear, unwanted
from oncall.swaps.operations.records import EXPIRE, REMIND, NotNow, TakenAlready, set_rule
from oncall.swaps.operations.taking import NotAllowed, approve, decline, reject, take

__all__ = [
    "CLIENT",
    "EXPIRE",
    "REMIND",
    "GivenOn",
    "NotAllowed",
    "NotNow",
    "NotWhole",
    "TakenAlready",
    "approve",
    "ask",
    "ask_between",
    "decline",
    "expire",
    "hear",
    "refresh",
    "refresh_of",
    "reject",
    "remind",
    "set_rule",
    "take",
    "unwanted",
    "withdraw",
]
