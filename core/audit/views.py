from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.views.decorators.http import require_safe

from core.accounts.policy import admin_only
from core.accounts.queries import people
from core.accounts.sign_in import password_again
from core.audit import queries
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

PAGE = 50


@admin_only
@password_again
@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Who did what, when, from where."""
    name, actor = request.GET.get("name", ""), request.GET.get("actor", "")
    found = Paginator(queries.entries(request.user, name=name, actor=actor), PAGE)
    context = {
        "entries": found.get_page(request.GET.get("page")),
        "names": queries.names(),
        "name": name,
        "people": people(),
        "actor": actor,
    }
    return render(request, "audit/index.html", context)
