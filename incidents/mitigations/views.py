"""Mitigations of a room and those thought out for a service. All of it works as plain forms."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import queries as people
from core.accounts.policy import Verb, can, may_configure, may_respond, require
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.lifecycle import queries as lifecycle
from incidents.mitigations import operations, queries
from incidents.mitigations.forms import BeginForm, EndForm, KeepForm, MitigationForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse, HttpResponseRedirect

    from core.accounts.requests import PersonRequest
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident
    from incidents.mitigations.models import AppliedMitigation, Mitigation


def _context(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident,
        "panel": queries.panel(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living mitigations of the room."""
    incident = watching.incident(request, number)
    return render(request, "incidents/mitigations/_panel.html", _context(request, incident))


@require_GET
def index(request: PersonRequest, number: int) -> HttpResponse:
    """The same on a page of its own, with a form for what nobody has thought out."""
    return _page(request, lifecycle.get(request.user, number), BeginForm())


def _page(request: PersonRequest, incident: Incident, form: BeginForm) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {**_context(request, incident), "form": form}
    return render(request, "incidents/mitigations/index.html", context, status=status)


@require_POST
@may_respond
def begin(request: PersonRequest, number: int) -> HttpResponse:
    """Note that somebody tries one."""
    incident = lifecycle.get(request.user, number)
    form = BeginForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        chosen = data.pop("mitigation")
        data["kind"] = data["kind"] or "other"
        with refusals.shown_in(form):
            operations.begin(
                incident, mitigation=_offered(request, incident, chosen), **data, actor=request.user
            )
            return _to_room(incident)
    return _page(request, incident, form)


def _offered(request: PersonRequest, incident: Incident, pk: int | None) -> Mitigation | None:
    if pk is None:
        return None
    found = next((row for row in queries.offered(request.user, incident) if row.pk == pk), None)
    if found is None:
        raise Http404("There is no such mitigation for the affected services.")
    return found


def _to_room(incident: Incident) -> HttpResponseRedirect:
    return redirect(f"{reverse('incidents:room', args=[incident.number])}#mitigations")


def _applied(request: PersonRequest, number: int, pk: int) -> AppliedMitigation:
    incident = lifecycle.get(request.user, number)
    found = queries.applied(request.user, incident).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such mitigation.")
    found.incident = incident
    return found


@require_POST
@may_respond
def end(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say what came of it."""
    row = _applied(request, number, pk)
    form = EndForm(request.POST)
    if form.is_valid():
        operations.end(row, **form.cleaned_data, actor=request.user)
    else:
        messages.error(request, "Say whether it worked.")
    return _to_room(row.incident)


@require_POST
@may_respond
def undo(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say that it is undone."""
    row = _applied(request, number, pk)
    operations.undo(row, actor=request.user)
    messages.success(request, f"Undone: {row}")
    return _to_room(row.incident)


@require_http_methods(["GET", "POST"])
@may_respond
def keep(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Keep it on purpose."""
    row = _applied(request, number, pk)
    form = KeepForm(request.POST if request.method == "POST" else None, people=list(people.people()))
    if form.is_valid():
        with refusals.shown_in(form):
            operations.keep(row, **form.cleaned_data, actor=request.user)
            messages.success(request, f"Kept on purpose: {row}")
            return _to_room(row.incident)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"incident": row.incident, "row": row, "form": form}
    return render(request, "incidents/mitigations/keep.html", context, status=status)


@require_GET
def of_service(request: PersonRequest, slug: str) -> HttpResponse:
    """What can be tried on a service."""
    return _service(request, catalog.get(request.user, slug), MitigationForm())


@require_GET
def service_panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The same in short, for the page of the service."""
    service = catalog.get(request.user, slug)
    return render(request, "incidents/mitigations/_service.html", _of(request, service))


def _of(request: PersonRequest, service: Service) -> dict[str, Any]:
    return {
        "service": service,
        "rows": list(queries.of_service(request.user, service)),
        "may_edit": queries.may_change(request.user, service),
    }


def _service(request: PersonRequest, service: Service, form: MitigationForm) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {**_of(request, service), "form": form}
    return render(request, "incidents/mitigations/service.html", context, status=status)


@require_POST
@may_configure
def add(request: PersonRequest, slug: str) -> HttpResponse:
    """Add something that can be tried on a service."""
    service = catalog.get(request.user, slug)
    require(request.user, Verb.CONFIGURE, service.team)
    form = MitigationForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "name"):
            operations.add(service, **form.cleaned_data)
            messages.success(request, "It is offered from now on.")
            return redirect("incidents:service-mitigations", slug)
    return _service(request, service, form)


def _known(request: PersonRequest, slug: str, pk: int) -> Mitigation:
    service = catalog.get(request.user, slug)
    require(request.user, Verb.CONFIGURE, service.team)
    found = queries.of_service(request.user, service).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such mitigation.")
    return found


@require_http_methods(["GET", "POST"])
@may_configure
def change(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Change one."""
    row = _known(request, slug, pk)
    form = MitigationForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        with refusals.shown_in(form, "name"):
            operations.change(row, changes=form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("incidents:service-mitigations", slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"service": row.service, "row": row, "form": form}
    return render(request, "incidents/mitigations/change.html", context, status=status)


@require_POST
@may_configure
def remove(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Offer one no more."""
    operations.remove(_known(request, slug, pk))
    messages.success(request, "It is offered no more. Where it was tried it still stands.")
    return redirect("incidents:service-mitigations", slug)
