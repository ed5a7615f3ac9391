from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.rules import Status
from incidents.production import operations, queries
from incidents.production.forms import ProductionChangeForm, ResultForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident

SHOWN = 5
MOST = 500


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What somebody wrote about a change and could not be saved: it stands in the form again, with why."""

    pk: int
    text: str
    why: str


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living list of what was changed, the latest few."""
    incident = watching.incident(request, number)
    rows = list(queries.of(request.user, incident)[: SHOWN + 1])
    context = {
        "incident": incident,
        "rows": rows[:SHOWN],
        "has_more": len(rows) > SHOWN,
        "may_act": can(request.user, Verb.RESPOND) and incident.status != Status.CLOSED,
    }
    return render(request, "incidents/production/_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """Everything that was changed in production in an incident, and the form to write more down."""
    incident = lifecycle.get(request.user, number)
    if request.method == "POST" and not can(request.user, Verb.RESPOND):
        raise PermissionDenied
    form = ProductionChangeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.note(incident, **form.cleaned_data, actor=request.user)
            messages.success(request, "Written down. Everybody sees it.")
            return redirect("incidents:room", number)
    return _page(request, incident, form)


def _page(
    request: PersonRequest, incident: Incident, form: ProductionChangeForm, unsaved: Unsaved | None = None
) -> HttpResponse:
    context = {
        "incident": incident,
        "rows": queries.of(request.user, incident)[:MOST],
        "form": form,
        "unsaved": unsaved,
        "may_act": can(request.user, Verb.RESPOND) and incident.status != Status.CLOSED,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound or unsaved else HTTPStatus.OK
    return render(request, "incidents/production/index.html", context, status=status)


@require_POST
@may_respond
def tell_result(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Write down what came of a change."""
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    form = ResultForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.tell_result(row, **form.cleaned_data, actor=request.user)
            messages.success(request, "Written down.")
            return redirect("incidents:production", number)
    said = [str(error) for errors in form.errors.values() for error in errors]
    unsaved = Unsaved(row.pk, request.POST.get("result", ""), " ".join(said))
    return _page(request, incident, ProductionChangeForm(), unsaved)


@require_POST
@may_respond
def undo(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Note that a change was taken back."""
    row = queries.one(request.user, lifecycle.get(request.user, number), pk)
    try:
        operations.undo(row, actor=request.user)
        messages.success(request, "Noted as undone.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:production", number)
