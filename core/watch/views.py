from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from core.accounts.policy import may_respond
from core.ui.render import render
from core.watch import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@may_respond
@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Is paging healthy?"""
    return render(request, "watch/index.html", {"health": queries.health()})


@may_respond
@require_safe
def region(request: PersonRequest) -> HttpResponse:
    """The verdict and the checks alone, for live updates."""
    return render(request, "watch/_health.html", {"health": queries.health()})
