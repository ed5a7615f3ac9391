"""What a hand-off is about, and what is otherwise once somebody has left."""

from oncall.handoffs.queries.consequences import leaving, without
from oncall.handoffs.queries.notes import (
    Standing,
    Taken,
    address,
    handoff,
    handoffs,
    latest,
    mentioned,
    open_tasks,
    standing,
    state_of,
    task,
    tasks,
    to_come,
    with_people,
)
from oncall.handoffs.queries.talks import talk_length, talk_minutes, talk_until, talks

__all__ = [
    "Standing",
    "Taken",
    "address",
    "handoff",
    "handoffs",
    "latest",
    "leaving",
    "mentioned",
    "open_tasks",
    "standing",
    "state_of",
    "talk_length",
    "talk_minutes",
    "talk_until",
    "talks",
    "task",
    "tasks",
    "to_come",
    "with_people",
    "without",
]
