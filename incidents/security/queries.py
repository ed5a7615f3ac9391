from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import get_object_or_404

from incidents.lifecycle import registry
from incidents.security.models import SecurityCheck, SecurityItem, SecurityTrack

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.lifecycle.registry import Target
    from incidents.security.models import CheckQuerySet, ItemQuerySet

    Person = User | AnonymousUser


def checks(user: Person) -> CheckQuerySet:
    """Give what is asked of matters of security, in its order."""
    return SecurityCheck.objects.visible_to(user).filter(is_active=True)


def track(user: Person, incident: Incident) -> SecurityTrack | None:
    """Give the security track of an incident; None where it has none."""
    found = SecurityTrack.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "begun_by", "lead").first()


def items(user: Person, incident: Incident) -> ItemQuerySet:
    """Give what keeps an incident open, and what did."""
    found = SecurityItem.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "ended_by").order_by("position", "pk")


def item(user: Person, incident: Incident, pk: int) -> SecurityItem:
    """Give one; 404 where there is none."""
    return get_object_or_404(items(user, incident), pk=pk)


def on_call(user: User) -> Target | None:
    """Give the schedule of who is on call for security, where one is configured."""
    slug = settings.SECURITY_SCHEDULE
    return registry.find(user, "schedule", slug) if slug else None


def held(incident: Incident) -> str:
    """Say what keeps a matter of security open; "" where nothing does."""
    texts = list(SecurityItem.objects.open().filter(incident=incident).values_list("text", flat=True))
    if not texts:
        return ""
    named = ", ".join(f"“{text}”" for text in texts)
    are = "is" if len(texts) == 1 else "are"
    return f"Security: {named} {are} not answered. Say what was done, or why it is not needed."
