"""Who else may feel an incident, in its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.live.regions import region
from core.ui.render import render
from incidents.felt import queries
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living panel: what customers would notice, and which services need the affected ones."""
    incident = watching.incident(request, number)
    context = {"incident": incident, "radius": queries.radius(request.user, incident)}
    return render(request, "incidents/felt/_panel.html", context)
