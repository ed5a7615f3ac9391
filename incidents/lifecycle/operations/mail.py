"""How a message begins that names an incident outside of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.outbox.registry import Content

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident


def named(incident: Incident) -> str:
    """Give what an incident is called outside: a private one is not described there (X-24)."""
    if incident.private:
        return f"{incident}, a private incident"
    return f"{incident} {incident.severity.label} {incident.title}"


def content(incident: Incident, subject: str, text: str, *, url: str) -> Content:
    """Give a message about an incident, in one thread with the others about it; a drill says so first."""
    drill = "Drill: " if incident.drill else ""
    return Content(subject=f"{drill}{subject}", text=text, url=url, thread=f"incident-{incident.pk}")
