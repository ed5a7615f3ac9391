"""The record of who did what, as an admin reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.accounts.policy import Verb, can
from core.events import bus, visibility

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User
    from core.events.models import Event


def entries(user: User, *, name: str = "", actor: str = "") -> QuerySet[Event]:
    """Give the events an admin may read, newest first, of one kind or by one person."""
    found = visibility.auditable_by(user).select_related("actor").order_by("-id")
    if name in bus.REGISTRY:
        found = found.filter(name=name)
    if actor.isascii() and actor.isdigit() and len(actor) < 10:
        found = found.filter(actor=int(actor))
    return found


def stream(user: User) -> QuerySet[Event]:
    """Give the events about things that a person may see, as webhooks carry them."""
    return visibility.auditable_by(user) if can(user, Verb.ADMIN) else visibility.visible_to(user)


def names() -> list[str]:
    """Give every kind of event there is."""
    return sorted(bus.REGISTRY)
