from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import Verb, can, may_respond
from core.ui import refusals
from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.changes import operations, queries
from incidents.changes.forms import ChangeForm
from incidents.changes.models import ChangeKind

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """What was changed in production: `?service=` by slug, `?kind=`."""
    given = request.GET.get("page", "1")
    page = int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 5 else 1
    found = queries.listed(
        request.user,
        service=request.GET.get("service", "")[:60].replace("\x00", ""),
        kind=request.GET.get("kind", ""),
        page=max(1, page),
    )
    context = {
        "found": found,
        "services": catalog.services(request.user),
        "kinds": ChangeKind.choices,
        "may_act": can(request.user, Verb.RESPOND),
        "kept_days": settings.CHANGES_KEPT_DAYS,
    }
    return render(request, "incidents/changes/index.html", context)


@require_http_methods(["GET", "POST"])
@may_respond
def report(request: PersonRequest) -> HttpResponse:
    """Report a change that was made by hand."""
    services = list(catalog.services(request.user))
    begin = {"service": next((row.pk for row in services if row.slug == request.GET.get("service")), None)}
    form = ChangeForm(request.POST or None, services=services, initial=begin)
    if request.method == "POST" and form.is_valid():
        with refusals.shown_in(form):
            change = operations.report_change(
                **form.cleaned_data, by=str(request.user)[:80], actor=request.user
            )
            messages.success(request, "Noted. Rooms of open incidents of the service show it.")
            return redirect(f"{reverse('incidents:changes')}?service={change.service.slug}")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "incidents/changes/report.html", {"form": form}, status=status)
