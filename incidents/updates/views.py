from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.views.decorators.http import require_GET

from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.updates import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def update(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """One update: its words, to whom it went, and what became of it."""
    incident = lifecycle.get(request.user, number)
    found = queries.updates(request.user, incident).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such update.")
    context = {
        "incident": incident,
        "update": found,
        "told": list(queries.told(request.user, incident).filter(update=found)),
    }
    return render(request, "incidents/updates/update.html", context)
