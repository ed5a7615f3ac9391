"""Channels and deliveries in words and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template import Library
from django.utils.text import Truncator

from core.channels import registry as channels
from core.ui.templatetags.ui import icon
from oncall.paging import addresses, queries

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from oncall.paging.models import ContactMethod

register = Library()

ICONS = {
    "email": "mail",
    "webhook": "hook",
    "sms": "sms",
    "voice": "phone",
    "push": "push",
    "ntfy": "push",
    "gotify": "push",
    "pushover": "push",
    **dict.fromkeys(
        ("slack", "telegram", "mattermost", "discord", "teams", "google_chat", "matrix"), "users"
    ),
}
WORDS = {
    "pending": "Waiting to be sent",
    "sending": "Being sent",
    "accepted": "Accepted",
    "delivered": "Delivered",
    "no_receipt": "Accepted, but its arrival was not confirmed",
    "failed": "Failed",
    "unknown": "Sent, and no answer came",
    "expired": "Could not be sent in time",
    "suppressed": "Not sent",
    "bundled": "Sent together with others",
}


@register.simple_tag
def channel_icon(kind: str) -> SafeString:
    """Draw the mark of a channel."""
    return icon(ICONS.get(kind, "bell"))


@register.simple_tag
def channel_name(kind: str) -> str:
    """Write the name of a channel."""
    return queries.channel_name(kind)


@register.simple_tag
def minutes(seconds: int) -> str:
    """Write a duration in minutes alone, as 70 min or 2.5 min: the unit in which levels are set."""
    return f"{round(seconds / 60, 2):g} min"


@register.simple_tag
def shown_address(method: ContactMethod) -> str:
    """Write an address for its own person: whole, or what can be recognised of one that nobody typed."""
    return Truncator(addresses.shown(method)).chars(60)


@register.simple_tag
def is_set_up(method: ContactMethod) -> bool:
    """Say whether a method's channel is set up here, so that something can be sent by it."""
    return addresses.is_reachable(method)


@register.simple_tag
def carries_link(method: ContactMethod) -> bool:
    """Say whether a method is a chat in which a message stays as it was sent."""
    if not queries.is_known(method.channel) or not channels.get(method.channel).is_chat:
        return False
    return not channels.can_edit(method.channel, addresses.plain(method.address))


@register.simple_tag
def delivery_mark(state: str) -> SafeString:
    """Draw what became of a message."""
    if state in ("accepted", "delivered"):
        return icon("check", "fg-good")
    return (
        icon("warn", "fg-bad") if state in ("failed", "unknown", "expired", "no_receipt") else icon("clock")
    )


@register.simple_tag
def delivery_words(state: str) -> str:
    """Write what became of a message."""
    return WORDS.get(state, state)
