from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from core.ui import times
from incidents.lifecycle.models import RoleAssignment
from incidents.lifecycle.operations import rhythm
from incidents.updates import rules
from incidents.updates.models import Audience, Update, UpdateTemplate
from incidents.updates.registry import Outlook, public_outlet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.updates.registry import Preview


def updates(user: User | AnonymousUser, incident: Incident) -> QuerySet[Update]:
    """Give the updates of an incident, newest first."""
    found = Update.objects.visible_to(user).filter(incident=incident)
    return found.select_related("author").order_by("-published_at", "-id")


def templates(incident: Incident, audience: str) -> list[UpdateTemplate]:
    """Give the templates for this audience and severity, those for the present stage first."""
    rows = UpdateTemplate.objects.filter(audience=audience)
    fitting = [row for row in rows if row.severity_id in (None, incident.severity_id)]
    return sorted(fitting, key=lambda row: (row.status != incident.status, row.position, row.name))


def filled(
    template: UpdateTemplate, incident: Incident, *, at: datetime, next_seconds: int | None = None
) -> str:
    """Give a template's text with this incident's facts in it; times are in the zone in force."""
    public = template.audience == Audience.PUBLIC
    return rules.fill(template.text, facts(incident, at=at, next_seconds=next_seconds), public=public)


def facts(incident: Incident, *, at: datetime, next_seconds: int | None = None) -> dict[str, str]:
    """Give what templates may say of an incident."""
    begun = incident.started_at or incident.declared_at
    every = next_seconds or rhythm(incident)
    following = at + timedelta(seconds=every) if every else None
    return {
        "title": incident.title,
        "severity": str(incident.severity),
        "services": ", ".join(service.name for service in incident.services.all()),
        "started": times.full(begun),
        "status": incident.status,
        "impact": incident.impact,
        "hypothesis": incident.hypothesis,
        "next_decision": incident.next_decision,
        "recent_changes": incident.recent_changes,
        "commander": commander(incident),
        "next_update": times.full(following) if following else "",
        "duration": times.words(((incident.resolved_at or at) - begun).total_seconds()),
        "link": f"{settings.BASE_URL}/incidents/{incident}/",
    }


def commander(incident: Incident) -> str:
    """Name who commands; empty where nobody does."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, role__is_commander=True)
    found = held.select_related("user").first()
    return str(found.user) if found else ""


def choices_of_next(incident: Incident) -> list[int]:
    """Give the spans offered until the next update, in seconds, no longer than the rhythm; the rhythm itself last."""
    every = rhythm(incident)
    spans = [300, 600, 900, 1800, 3600, 7200]
    return [*(span for span in spans if span < every), every] if every else spans


def outlook(incident: Incident) -> Outlook | None:
    """Give where a public update goes; None where it may not, or nothing public is installed."""
    outlet = public_outlet()
    return None if outlet is None or incident.private or incident.drill else outlet.outlook(incident)


def preview(
    incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
) -> Sequence[Preview]:
    """Show a public update as it would stand on each page."""
    outlet = public_outlet()
    if outlet is None:
        return ()
    return outlet.preview(
        incident, status=status, text=text, public_title=public_title, components=components
    )


def debtors(incident: Incident, *, overdue: bool) -> list[User]:
    """Give who owes the next update: communications, else the commander; once overdue both."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, user__is_active=True)
    by_role: dict[str, User] = {}
    for row in held.select_related("user", "role"):
        by_role.setdefault("commander" if row.role.is_commander else row.role.slug, row.user)
    found = [by_role[slug] for slug in ("communications", "commander") if slug in by_role]
    return list(dict.fromkeys(found if overdue else found[:1]))
