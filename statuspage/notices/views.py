from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.live.regions import region
from core.ui.render import render
from incidents.watching import queries as watching
from statuspage.notices import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@region(watching.alike)
@require_GET
def incident_panel(request: PersonRequest, number: int) -> HttpResponse:
    """The fragment in the incident room: what customers see now, and when they last heard."""
    panel = queries.incident_panel(request.user, number)
    return render(request, "statuspage/notices/_incident_panel.html", {"number": number, "panel": panel})
