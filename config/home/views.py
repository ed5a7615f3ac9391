from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from config.home import queries
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def home(request: PersonRequest) -> HttpResponse:
    """The first page: the watch, what needs the reader, whether they can be reached."""
    return render(request, "config/home/home.html", {"home": queries.home(request.user)})


@require_GET
def needs(request: PersonRequest) -> HttpResponse:
    """What needs the reader, alone, for live updates."""
    return render(request, "config/home/_needs.html", {"home": queries.home(request.user)})
