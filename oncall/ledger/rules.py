"""The ledger as a table for other programs."""

from __future__ import annotations

from collections.abc import Sequence

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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """Write a value so that no spreadsheet takes it for a formula: what an alert says may be anything."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def row(values: Sequence[object]) -> list[str]:
    """Write a line."""
    return [cell(value) for value in values]
