from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.regulators import operations, queries
from incidents.regulators.forms import BreachForm, ReportForm, WhyForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living clocks of the authorities, for the room; nothing where there is no breach."""
    incident = watching.incident(request, number)
    return render(request, "incidents/regulators/_panel.html", _about(request, incident))


def _about(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident,
        "breach": queries.breach(request.user, incident),
        "duties": list(queries.duties(request.user, incident)),
        "may_act": can(request.user, Verb.RESPOND),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """Whether data was breached, who has to hear of it by when, and what was reported."""
    incident = lifecycle.get(request.user, number)
    if request.method == "POST" and not can(request.user, Verb.RESPOND):
        raise PermissionDenied
    return _page(request, incident, request.POST if request.method == "POST" else None)


def _page(
    request: PersonRequest, incident: Incident, data: Any = None, wrong: dict[str, Any] | None = None
) -> HttpResponse:
    about = _about(request, incident)
    known = about["breach"]
    begin = {"aware_at": known.aware_at, "what": known.what, "version": known.version} if known else {}
    if known:
        begin["regimes"] = [row.regime.slug for row in about["duties"] if row.state != "not_needed"]
    form = BreachForm(
        data,
        regimes=list(queries.regimes(request.user)),
        running=[row.regime for row in about["duties"] if row.state == "open"],
        initial=begin,
    )
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.flag(incident, **form.said(), actor=request.user)
            messages.success(request, "The clocks run.")
            return redirect("incidents:regulators", incident.number)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound or wrong else HTTPStatus.OK
    context = {**about, "form": form, "wrong": wrong}
    return render(request, "incidents/regulators/index.html", context, status=status)


@require_POST
@may_respond
def unflag(request: PersonRequest, number: int) -> HttpResponse:
    """It was no breach after all."""
    incident = lifecycle.get(request.user, number)
    form = WhyForm(request.POST)
    return _do(
        request,
        incident,
        form,
        lambda: operations.unflag(incident, why=form.cleaned_data["why"], actor=request.user),
        "Noted. Nothing has to be reported any more.",
    )


@require_POST
@may_respond
def report(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """The authority has the report."""
    incident = lifecycle.get(request.user, number)
    row = queries.duty(request.user, incident, pk)
    form = ReportForm(request.POST)
    return _do(
        request,
        incident,
        form,
        lambda: operations.report(row, reference=form.cleaned_data["reference"], actor=request.user),
        "Noted as reported.",
        pk=pk,
    )


@require_POST
@may_respond
def need_not(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Nothing has to be reported there."""
    incident = lifecycle.get(request.user, number)
    row = queries.duty(request.user, incident, pk)
    form = WhyForm(request.POST)
    return _do(
        request,
        incident,
        form,
        lambda: operations.need_not(row, why=form.cleaned_data["why"], actor=request.user),
        "Noted, with the reason.",
        pk=pk,
    )


@require_POST
@may_respond
def reopen(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Its clock runs after all."""
    incident = lifecycle.get(request.user, number)
    row = queries.duty(request.user, incident, pk)
    form = WhyForm(request.POST)
    form.fields["why"].error_messages["required"] = "Say why its clock runs again."
    return _do(
        request,
        incident,
        form,
        lambda: operations.reopen(row, why=form.cleaned_data["why"], actor=request.user),
        "The clock runs again.",
        pk=pk,
    )


def _do(
    request: PersonRequest,
    incident: Incident,
    form: Form,
    act: Callable[[], object],
    said: str,
    *,
    pk: int | None = None,
) -> HttpResponse:
    """Do it; refused, the page comes back with the reason and what was typed, also where its form is there no more."""
    if form.is_valid():
        with refusals.shown_in(form):
            act()
            messages.success(request, said)
            return redirect("incidents:regulators", incident.number)
    (name,) = form.fields
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return _page(
        request, incident, wrong={"pk": pk, "name": name, "why": why, "typed": request.POST.get(name, "")}
    )
