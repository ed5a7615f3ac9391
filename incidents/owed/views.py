from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.owed import operations, queries
from incidents.owed.forms import WhyForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident
    from incidents.owed.models import OwedWord


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living clocks of what is still to be told; nothing where nothing is."""
    incident = watching.incident(request, number)
    return render(request, "incidents/owed/_panel.html", _about(request, incident))


def _about(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    rows = list(queries.of(request.user, incident))
    return {
        "incident": incident,
        "rows": rows,
        "is_open": any(row.state == "open" for row in rows),
        "may_act": can(request.user, Verb.RESPOND),
    }


@require_GET
def index(request: PersonRequest, number: int) -> HttpResponse:
    """What those outside the room must hear, by when, and what became of it."""
    return _page(request, lifecycle.get(request.user, number))


def _page(request: PersonRequest, incident: Incident, wrong: dict[str, Any] | None = None) -> HttpResponse:
    context = {**_about(request, incident), "wrong": wrong}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "incidents/owed/index.html", context, status=status)


@require_POST
@may_respond
def need_not(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """It is not needed, and why."""
    return _do(request, number, pk, operations.need_not, "Noted, with the reason.")


@require_POST
@may_respond
def need(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """It is needed after all."""
    return _do(request, number, pk, operations.need, "It is asked for again.")


def _do(
    request: PersonRequest, number: int, pk: int, act: Callable[..., OwedWord], said: str
) -> HttpResponse:
    """Do it; refused, the page comes back with the reason and what was typed."""
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    form = WhyForm(request.POST)
    if act is operations.need:
        form.fields["why"].error_messages["required"] = "Say why it is needed after all."
    if form.is_valid():
        with refusals.shown_in(form):
            act(row, why=form.cleaned_data["why"], actor=request.user)
            messages.success(request, said)
            return redirect("incidents:owed", incident.number)
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return _page(request, incident, wrong={"pk": pk, "why": why, "typed": request.POST.get("why", "")})
