"""“This runbook is wrong”: from its page, or from a room while it is used."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import may_respond
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.runbooks import operations, queries
from incidents.runbooks.forms import WrongForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import Runbook

DONE = "Thank you. Whoever keeps the runbook has a task now."


@require_http_methods(["GET", "POST"])
@may_respond
def wrong(request: PersonRequest, slug: str) -> HttpResponse:
    """Say that a runbook is wrong."""
    runbook = queries.get(request.user, slug)
    return _ask(request, runbook, back=reverse("incidents:runbook", args=[slug]))


@require_http_methods(["GET", "POST"])
@may_respond
def wrong_in_room(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say it while it is used."""
    incident = lifecycle.get(request.user, number)
    run = queries.runs(request.user, incident).filter(pk=pk).first()
    if run is None:
        raise Http404("This runbook is not in use here.")
    step = next((row.title for row in run.steps.all() if str(row.pk) == request.GET.get("step")), "")
    back = reverse("incidents:runbook-run", args=[number, pk])
    return _ask(request, run.runbook, back=back, incident=incident, step=step)


def _ask(
    request: PersonRequest, runbook: Runbook, *, back: str, incident: Incident | None = None, step: str = ""
) -> HttpResponse:
    form = WrongForm(request.POST if request.method == "POST" else None, initial={"step": step})
    if form.is_valid():
        with refusals.shown_in(form):
            operations.report(runbook, **form.cleaned_data, incident=incident, actor=request.user)
            messages.success(request, DONE)
            return redirect(back)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"runbook": runbook, "incident": incident, "form": form, "back": back, "step": step}
    return render(request, "incidents/runbooks/wrong.html", context, status=status)


@require_POST
@may_respond
def settle(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Say that it is put right."""
    runbook = queries.get(request.user, slug)
    report = queries.reports(request.user, runbook).filter(pk=pk).first()
    if report is None:
        raise Http404("There is no such report.")
    operations.settle(report, actor=request.user)
    messages.success(request, "Noted: it is put right.")
    return redirect(f"{reverse('incidents:runbook', args=[slug])}#reports")
