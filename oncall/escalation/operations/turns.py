"""What each escalation does that is due: its plan, its step, and the turns that its round robins give it."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from django.db import connection

from oncall.escalation import queries
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.plans import Plan
from oncall.escalation.rules.steps import Position, Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from oncall.escalation.models import Escalation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """An escalation that is due, with its plan and what to do; `is_drawn` when its round robins gave it turns just now."""

    escalation: Escalation
    plan: Plan
    step: Step
    is_drawn: bool = False
    without: frozenset[int] = frozenset()


def turn_of(escalation: Escalation, at: datetime, without: frozenset[int]) -> Turn:
    position = Position(escalation.round, escalation.level)
    due = escalation.next_at or at
    try:
        plan = plans.from_json(escalation.plan)
    except (KeyError, TypeError, ValueError):
        log.exception("the plan of escalation %s cannot be read", escalation.pk)
        plan = Plan("", 0, ())
    return Turn(
        escalation,
        plan,
        steps.decide(plan, position, due=due, now=at, facts=queries.facts_of(escalation)),
        without=without,
    )


_DRAW = """
with wanted as (
    select l.id, w.count from oncall_level l
    join jsonb_to_recordset(%s::jsonb) as w (policy_id bigint, position int, count int) using (policy_id, position)
    order by l.id for update of l
)
update oncall_level l set turn = l.turn + wanted.count from wanted where wanted.id = l.id
returning l.policy_id, l.position, l.turn - wanted.count
"""


def draw(turns: Sequence[Turn]) -> list[Turn]:
    """Give each run that is asked for the first time its turns of the round robins in its plan.

    The counters are rows that are counted up in this transaction: what is rolled back gives its turns back. A run
    whose level is gone from its policy takes its own number as its turn.
    """
    asking = [
        (n, turn.escalation.policy_id, level)
        for n, turn in enumerate(turns)
        if turn.step.ask is not None
        for level in plans.awaits_turns(turn.plan)
    ]
    if not asking:
        return list(turns)
    counts = Counter((policy_id, level) for _, policy_id, level in asking)
    rows = [{"policy_id": key[0], "position": key[1], "count": count} for key, count in counts.items()]
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, [json.dumps(rows)])
        numbers = {(policy_id, level): count(first) for policy_id, level, first in cursor.fetchall()}
    given: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for n, policy_id, level in asking:
        known = numbers.get((policy_id, level))
        given[n][level] = next(known) if known else turns[n].escalation.pk
    return [
        replace(turn, plan=plans.with_turns(turn.plan, given[n]), is_drawn=True) if n in given else turn
        for n, turn in enumerate(turns)
    ]
