"""Tell people of their shifts: what changed, what begins, what ended."""

from oncall.handoffs.operations.changes import CHANGED, extend, person_left, schedule_changed
from oncall.handoffs.operations.edges import EDGE, SHIFT, hear_edge, plan_edges, tell

__all__ = [
    "CHANGED",
    "EDGE",
    "SHIFT",
    "extend",
    "hear_edge",
    "person_left",
    "plan_edges",
    "schedule_changed",
    "tell",
]
