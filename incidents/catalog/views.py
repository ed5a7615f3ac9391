from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.accounts.policy import Verb, can
from core.ui.render import render
from incidents.catalog import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """What the company runs, and how it does. How ready all of it is follows a moment later (`ready=yes`)."""
    search = request.GET.get("q", "").strip()
    missing = request.GET.get("missing") == "yes"
    ready = missing or request.GET.get("ready") == "yes"
    rows = queries.directory(request.user, search=search, ready=ready, missing=missing)
    context = {"rows": rows, "search": search, "missing": missing, "ready": ready}
    return render(
        request,
        "incidents/catalog/index.html",
        {**context, "may_add": _administers(request), "may_import": can(request.user, Verb.CONFIGURE)},
    )


@require_GET
def service(request: PersonRequest, slug: str) -> HttpResponse:
    """One service: who owns it, what it breaks, whom to wake."""
    context = {"page": queries.page(request.user, slug), "may_act": can(request.user, Verb.RESPOND)}
    return render(request, "incidents/catalog/service.html", {**context, "may_edit": _administers(request)})


def _administers(request: PersonRequest) -> bool:
    return can(request.user, Verb.ADMIN)
