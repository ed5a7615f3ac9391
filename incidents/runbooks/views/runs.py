"""Runbooks in a room: offered, used together, ended."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.runbooks import operations, queries
from incidents.runbooks.forms import ChooseForm, FinishForm, MarkForm
from incidents.runbooks.models import StepState
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse, HttpResponseRedirect

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident
    from incidents.runbooks.models import Run


def _context(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident,
        "panel": queries.panel(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living runbooks of the room."""
    incident = watching.incident(request, number)
    return render(request, "incidents/runbooks/_panel.html", _context(request, incident))


@require_GET
def index(request: PersonRequest, number: int) -> HttpResponse:
    """The same on a page of its own, where any other runbook can be begun."""
    return _index(request, lifecycle.get(request.user, number), _choose(request))


def _choose(request: PersonRequest, data: Any = None) -> ChooseForm:
    return ChooseForm(data, runbooks=list(queries.chosen(request.user).order_by("name", "pk")))


def _index(request: PersonRequest, incident: Incident, form: ChooseForm) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {**_context(request, incident), "form": form}
    return render(request, "incidents/runbooks/in_room.html", context, status=status)


@require_POST
@may_respond
def start(request: PersonRequest, number: int) -> HttpResponse:
    """Begin to use one."""
    incident = lifecycle.get(request.user, number)
    form = _choose(request, request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            run = operations.start(incident, runbook=form.cleaned_data["runbook"], actor=request.user)
            return _to_run(run)
    return _index(request, incident, form)


def _to_run(run: Run, at: str = "") -> HttpResponseRedirect:
    return redirect(f"{reverse('incidents:runbook-run', args=[run.incident.number, run.pk])}{at}")


@require_GET
def run(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """A runbook as it is used: its steps, who ticked what and when."""
    return _page(request, _run(request, number, pk))


@require_GET
def part(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """The living part of it."""
    return render(request, "incidents/runbooks/_run.html", _of(request, _run(request, number, pk)))


def _run(request: PersonRequest, number: int, pk: int) -> Run:
    incident = lifecycle.get(request.user, number)
    found = queries.runs(request.user, incident).filter(pk=pk).first()
    if found is None:
        raise Http404("This runbook is not in use here.")
    found.incident = incident
    return found


def _of(request: PersonRequest, found: Run) -> dict[str, Any]:
    return {
        "incident": found.incident,
        "run": found,
        "groups": queries.groups(found),
        "may_act": can(request.user, Verb.RESPOND) and found.incident.status != "closed",
        "finish_form": FinishForm(),
    }


def _page(request: PersonRequest, found: Run, **more: Any) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if more else HTTPStatus.OK
    context = {**_of(request, found), **more}
    return render(request, "incidents/runbooks/run.html", context, status=status)


@require_POST
@may_respond
def mark(request: PersonRequest, number: int, pk: int, step: int) -> HttpResponse:
    """Say what became of a step."""
    found = _run(request, number, pk)
    row = found.steps.filter(pk=step).first()
    if row is None:
        raise Http404("There is no such step.")
    row.run = found
    form = MarkForm(request.POST)
    if form.is_valid():
        try:
            operations.mark(row, **form.cleaned_data, actor=request.user)
        except Refused as refusal:
            typed = form.cleaned_data["note"]
            row.refresh_from_db(fields=["state"])
            kept = typed if found.ended_at or row.state != StepState.OPEN else ""
            return _page(request, found, wrong=row.pk, refusal=str(refusal), typed=typed, kept=kept)
        return _to_run(found, f"#step-{row.pk}")
    why = " ".join(str(error) for error in form.errors.get("note", ())) or "Say what became of it."
    return _page(request, found, wrong=row.pk, refusal=why, typed=request.POST.get("note", ""))


@require_POST
@may_respond
def finish(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say that one is through with it."""
    found = _run(request, number, pk)
    form = FinishForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.finish(found, **form.cleaned_data, actor=request.user)
            messages.success(
                request, "Noted. What was done in another way is kept for whoever keeps the runbook."
            )
            return redirect(f"{reverse('incidents:room', args=[number])}#runbooks")
    return _page(request, found, finish_form=form)
