"""Which change comes first to mind when something breaks."""

from __future__ import annotations

from datetime import datetime, timedelta

UNDONE = ("deploy", "config", "flag")
"""Kinds that can be taken back as they were made; a change of infrastructure is looked at first."""


def suspect(kind: str, *, at: datetime, begun: datetime, within: timedelta) -> bool:
    """Say whether a change was made so shortly before it broke that taking it back is the first thing to try."""
    return kind in UNDONE and timedelta(0) <= begun - at <= within
