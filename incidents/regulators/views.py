from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

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
    incident = lifecycle.get(request.user, number)
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
    about = _about(request, incident)
    known = about["breach"]
    begin = {"aware_at": known.aware_at, "what": known.what, "version": known.version} if known else {}
    if known:
        begin["regimes"] = [row.regime.slug for row in about["duties"] if row.state != "not_needed"]
    form = BreachForm(
        request.POST if request.method == "POST" else None,
        regimes=list(queries.regimes(request.user)),
        initial=begin,
    )
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.flag(incident, **form.said(), actor=request.user)
            messages.success(request, "The clocks run.")
            return redirect("incidents:regulators", number)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/regulators/index.html", {**about, "form": form}, status=status)


@require_POST
@may_respond
def unflag(request: PersonRequest, number: int) -> HttpResponse:
    """It was no breach after all."""
    incident = lifecycle.get(request.user, number)
    form = WhyForm(request.POST)
    return _do(
        request,
        number,
        form,
        lambda: operations.unflag(incident, why=form.cleaned_data["why"], actor=request.user),
        "Noted. Nothing has to be reported any more.",
    )


@require_POST
@may_respond
def report(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """The authority has the report."""
    row = queries.duty(request.user, lifecycle.get(request.user, number), pk)
    form = ReportForm(request.POST)
    return _do(
        request,
        number,
        form,
        lambda: operations.report(row, reference=form.cleaned_data["reference"], actor=request.user),
        "Noted as reported.",
    )


@require_POST
@may_respond
def need_not(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Nothing has to be reported there."""
    row = queries.duty(request.user, lifecycle.get(request.user, number), pk)
    form = WhyForm(request.POST)
    return _do(
        request,
        number,
        form,
        lambda: operations.need_not(row, why=form.cleaned_data["why"], actor=request.user),
        "Noted, with the reason.",
    )


def _do(
    request: PersonRequest, number: int, form: Form, act: Callable[[], object], said: str
) -> HttpResponse:
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("incidents:regulators", number)
    try:
        act()
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:regulators", number)
