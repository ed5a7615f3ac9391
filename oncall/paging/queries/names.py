"""What messages of pages are called, and how channels and places are named to people."""

from __future__ import annotations

from django.conf import settings

from core.channels import registry as channels

CLIENT = "oncall.page"
VERIFICATION = "oncall.verification"
HELD = "oncall.held"
"""Messages that bring every page of a person which waited for the end of quiet hours; their subject is the person."""
MOST_SHOWN = 100
"""So many pages about one thing are shown on its own screen; the ledger has them all."""
WAITING = ("escalating", "exhausted")
"""Escalations that nobody has taken: what their pages planned is still wanted."""


def is_known(kind: str) -> bool:
    """Say whether there is a channel of this kind."""
    return any(channel.kind == kind for channel in channels.all())


def is_for_programs(kind: str) -> bool:
    """Say whether a channel of this kind is read by programs, each of whose messages counts."""
    return is_known(kind) and channels.get(kind).is_for_programs


def channel_name(kind: str) -> str:
    """Give a channel's name for people."""
    return channels.get(kind).name if is_known(kind) else kind


def place(alert_id: int | None, incident: str) -> str:
    """Give the address at which everybody who works here sees what a page is about."""
    about = f"alerts/{alert_id}/" if alert_id else f"incidents/{incident}/" if incident else "alerts/"
    return f"{settings.BASE_URL}/{about}"
