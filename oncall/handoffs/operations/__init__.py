"""Tell people of their shifts: what changed, what begins, what ended."""

from oncall.handoffs.operations.changes import CHANGED, extend, person_left, schedule_changed
from oncall.handoffs.operations.edges import EDGE, SHIFT, hear_edge, plan_edges, tell
from oncall.handoffs.operations.notes import (
    AlreadyRead,
    NotYours,
    TooManyTasks,
    WrittenMeanwhile,
    acknowledge,
    add_task,
    finish_task,
    hand_over,
    write,
)
from oncall.handoffs.operations.talks import set_talk

__all__ = [
    "CHANGED",
    "EDGE",
    "SHIFT",
    "AlreadyRead",
    "NotYours",
    "TooManyTasks",
    "WrittenMeanwhile",
    "acknowledge",
    "add_task",
    "extend",
    "finish_task",
    "hand_over",
    "hear_edge",
    "person_left",
    "plan_edges",
    "schedule_changed",
    "set_talk",
    "tell",
    "write",
]
