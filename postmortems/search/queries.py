"""Postmortems by what was written in them, and action items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse

from core.search import queries as search
from core.search.registry import Hit
from core.search.rules import excerpt
from incidents.severities import queries as severities
from postmortems.action_items import queries as action_items
from postmortems.models import Postmortem
from postmortems.reports.models import WRITTEN, PostmortemStatus

if TYPE_CHECKING:
    from core.accounts.models import User
    from core.search.rules import Query

OPERATORS = frozenset({"is", "sev", "who", "before", "after"})


def postmortems(user: User, query: Query, most: int) -> list[Hit]:
    """Postmortems with each word in a section, a factor or the title of the incident, the latest first."""
    found = Postmortem.objects.visible_to(user).alias(words=search.vector(*WRITTEN))
    found = found.filter(search.between(query, "created_at"))
    for word in query.words:
        wanted = search.beginning(word)
        if wanted is not None:
            found = found.filter(
                Q(words=wanted) | Q(incident__title__icontains=word) | Q(factors__text__icontains=word)
            )
    if "is" in query.operators:
        published = Q(status=PostmortemStatus.PUBLISHED)
        found = found.exclude(published) if query.operators["is"] == "open" else found.filter(published)
    if "sev" in query.operators:
        level = severities.find(query.operators["sev"])
        found = found.filter(incident__severity=level) if level else found.none()
    if "who" in query.operators:
        found = found.filter(author__name__icontains=query.operators["who"])
    rows = found.select_related("incident").order_by("-created_at", "-id").distinct()[:most]
    return [
        Hit(
            f"{row.incident} {row.incident.title}",
            reverse("postmortems:detail", args=[row.incident.number]),
            row.get_status_display(),
            excerpt([getattr(row, name) for name in WRITTEN], query.words),
            row.created_at,
        )
        for row in rows
    ]


def actions(user: User, query: Query, most: int) -> list[Hit]:
    """Action items with each word in the title, what is due soonest first."""
    found = action_items.visible(user).filter(search.contains(query.words, "title"))
    if "is" in query.operators:
        is_open = Q(status__in=["open", "in_progress"])
        found = found.filter(is_open) if query.operators["is"] == "open" else found.exclude(is_open)
    if "who" in query.operators:
        found = found.filter(owner__name__icontains=query.operators["who"])
    return [
        Hit(
            item.title,
            reverse("postmortems:action-item", args=[item.pk]),
            ", ".join(filter(None, [item.get_status_display(), str(item.owner or "")])),
        )
        for item in found[:most]
    ]
