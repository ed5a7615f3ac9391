"""Everything that is asked about escalations and policies."""

from oncall.escalation.queries.asking import (
    RELATED,
    Found,
    NextUp,
    admins,
    current,
    following,
    live,
    next_up,
    now,
    whom,
)
from oncall.escalation.queries.ladders import Ladder, Rung, ladder, ladders, plan_of, policies
from oncall.escalation.queries.notices import (
    alarm_unwanted,
    attention,
    content,
    incident_of,
    notice,
    summary,
    title,
    unwanted,
)

__all__ = [
    "RELATED",
    "Found",
    "Ladder",
    "NextUp",
    "Rung",
    "admins",
    "alarm_unwanted",
    "attention",
    "content",
    "current",
    "following",
    "incident_of",
    "ladder",
    "ladders",
    "live",
    "next_up",
    "notice",
    "now",
    "plan_of",
    "policies",
    "summary",
    "title",
    "unwanted",
    "whom",
]
