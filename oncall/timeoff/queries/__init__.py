"""Everything that is asked about time off: what is earned by now, by which terms, and who may see it."""

from oncall.timeoff.queries.earned import Earned, earned
from oncall.timeoff.queries.seen import (
    WITHIN,
    address,
    clashes,
    may_see,
    mine,
    own,
    readers,
    seen,
    table,
    waiting,
    wishes,
)
from oncall.timeoff.queries.signs import signs
from oncall.timeoff.queries.terms import all_terms, by_team, compensated, terms_of

__all__ = [
    "WITHIN",
    "Earned",
    "address",
    "all_terms",
    "by_team",
    "clashes",
    "compensated",
    "earned",
    "may_see",
    "mine",
    "own",
    "readers",
    "seen",
    "signs",
    "table",
    "terms_of",
    "waiting",
    "wishes",
]
