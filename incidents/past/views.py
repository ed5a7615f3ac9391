"""The fragments on a service's page: its incidents, and who knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.past import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def incidents(request: PersonRequest, slug: str) -> HttpResponse:
    """The incidents of a year and the time between them."""
    service = catalog.get(request.user, slug)
    context = {"service": service, "past": queries.past(request.user, service), "days": queries.BARS}
    return render(request, "incidents/past/_incidents.html", context)


@require_GET
def experts(request: PersonRequest, slug: str) -> HttpResponse:
    """Who knows the service."""
    service = catalog.get(request.user, slug)
    return render(request, "incidents/past/_experts.html", {"rows": queries.experts(service)})
