from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Max, Q, QuerySet
from django.shortcuts import get_object_or_404

from incidents.closing.registry import Finding
from incidents.lifecycle.models import Incident
from incidents.privacy.registry import Rows, events
from incidents.ties.registry import NoticeLine
from statuspage.components import queries as components
from statuspage.notices.models import Notice, NoticeUpdate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.accounts.models import User
    from incidents.privacy.registry import Sent
    from statuspage.components.models import Component


@dataclass(frozen=True, slots=True)
class Panel:
    """What the incident room shows of the status page."""

    slug: str
    components: list[Component]
    heard_at: datetime | None
    private: bool


def incident_panel(user: User, number: int) -> Panel:
    """The components that an incident touches as customers see them; 404 for an incident that is not visible."""
    incident = get_object_or_404(Incident.objects.visible_to(user), number=number)
    notices = list(Notice.objects.filter(incident=incident).prefetch_related("components__page"))
    shown = [component for notice in notices for component in notice.components.all()]
    if not shown:
        services = set(incident.services.values_list("pk", flat=True))
        shown = [row for row in components.components_for(services) if row.service_id in services]
    heard = Notice.objects.filter(incident=incident).aggregate(at=Max("updates__at"))["at"]
    return Panel(shown[0].page.slug if shown else "", shown, heard, incident.private)


def still_shown(incident: Incident) -> Finding | None:
    """Say what customers see of an incident: that it is over is told after it is; None where they see nothing of it."""
    notices = list(Notice.objects.filter(incident=incident).prefetch_related("components"))
    if not notices:
        return None
    bad = {part.name for notice in notices for part in notice.components.all() if part.state != "operational"}
    if bad:
        return Finding(f"the status page shows trouble with {', '.join(sorted(bad))}", is_good=False)
    return Finding("the status page shows no trouble", is_good=True)


def visible(user: User) -> QuerySet[Notice]:
    """Notices with their page, components and updates; everybody who may sign in may read what anybody may read."""
    if not user.is_authenticated:
        return Notice.objects.none()
    return Notice.objects.select_related("page", "incident").prefetch_related("components", "updates")


def about_visible(user: User) -> QuerySet[Notice]:
    """Notices about nothing but what this person may know of: one of a private incident names it."""
    known = Incident.objects.visible_to(user)
    return Notice.objects.filter(Q(incident=None) | Q(incident__in=known))


def address(notice: Notice) -> str:
    """The notice as anybody reads it."""
    return f"{settings.BASE_URL}/status/{notice.page.slug}/incidents/{notice.public_id}/"


def open_of(incident: Incident) -> list[NoticeLine]:
    """Give the notices of an incident that do not say yet that it is over."""
    rows = Notice.objects.filter(incident=incident).exclude(status="resolved").select_related("page")
    return [NoticeLine(row.title, address(row)) for row in rows.order_by("pk")]


def texts(incident: Incident, text: str) -> Iterable[tuple[str, Rows | Sent]]:
    """Give where texts of an incident stand on public pages."""
    notices = Notice.objects.filter(incident=incident)
    yield "public notices", Rows(notices, ("title",))
    yield "public notices", Rows(NoticeUpdate.objects.filter(notice__in=notices), ("body",))
    yield "audit log", events("notice", notices.values_list("pk", flat=True))
