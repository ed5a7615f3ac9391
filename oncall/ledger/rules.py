"""The ledger as a table for other programs."""

from __future__ import annotations

COLUMNS = (
    "page",
    "person",
    "about",
    "alert",
    "incident",
    "policy",
    "level",
    "pass",
    "recipients",
    "urgency",
    "why",
    "answer",
    "planned_at",
    "out_of_hours",
    "over_limit",
    "sent_at",
    "acknowledged_at",
    "status",
    "channel",
    "address",
    "message_state",
    "reason",
    "attempts",
)
