"""Tags and fields in the room, and the page on which they are written."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui.render import render
from incidents.fields import operations, queries
from incidents.fields.forms import PREFIX, DetailsForm
from incidents.lifecycle import queries as lifecycle
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living tags and fields of the room."""
    incident = watching.incident(request, number)
    context = {
        "incident": incident,
        "details": queries.details(incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/fields/_panel.html", context)


@require_GET
def sieve(request: PersonRequest) -> HttpResponse:
    """By what the board can be sieved: the tags in use and the choices of fields, with what is chosen."""
    given = {name: request.GET.get(name, "").replace("\x00", "") for name in ("tag", "field", "show")}
    tags, choices = queries.sieves(request.user)
    context = {
        "sieve": queries.sieve(tag=given["tag"], field=given["field"]),
        "show": given["show"] or "active",
        "tags": tags,
        "choices": choices,
    }
    return render(request, "incidents/fields/_sieve.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may_respond
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """Write them."""
    incident = lifecycle.get(request.user, number)
    held = queries.values(incident)
    begin = {f"{PREFIX}{slug}": value for slug, value in held.items()}
    form = DetailsForm(
        request.POST if request.method == "POST" else None,
        initial={"tags": list(queries.tags(incident)), "version": incident.version, **begin},
        own=list(queries.fields(request.user)),
        people=list(queries.persons()),
        held=held,
        names=queries.names_of(held.values()),
    )
    if form.is_bound and form.is_valid():
        try:
            data = form.cleaned_data
            operations.write(
                incident,
                tags=data["tags"],
                custom_fields=form.values(),
                version=data["version"],
                actor=request.user,
            )
            messages.success(request, "Saved.")
            return redirect("incidents:room", number)
        except operations.Misfilled as misfilled:
            form.misfilled(misfilled.wrong)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"incident": incident, "form": form, "known": queries.suggestions(request.user)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/fields/edit.html", context, status=status)
