"""Take services in from a file: first the plan, then what it shows. Nothing of it needs script."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import Verb, managed_teams, require
from core.ui import refusals
from core.ui.render import render
from incidents.inventory import operations
from incidents.inventory.forms import InventoryForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "POST"])
def upload(request: PersonRequest) -> HttpResponse:
    """Hand a file over, to see what it would do."""
    require(request.user, Verb.CONFIGURE)
    if request.method != "POST":
        return _form(request, _read(request))
    form = _read(request)
    if form.is_valid():
        with refusals.shown_in(form, "file" if form.cleaned_data["file"] else "document"):
            return _plan(request, form)
    return _form(request, form)


@require_POST
def confirm(request: PersonRequest) -> HttpResponse:
    """Import what was shown; where the catalog moved on meanwhile, show it anew."""
    require(request.user, Verb.CONFIGURE)
    form = _read(request)
    if form.is_valid():
        data = form.cleaned_data
        with refusals.shown_in(form, "document"):
            try:
                done = operations.bring_in(
                    data["document"],
                    team=form.teams.get(data["team"]),
                    seen=data["seen"],
                    actor=request.user,
                )
            except operations.Moved as moved:
                messages.error(request, str(moved))
                return _plan(request, form)
            messages.success(
                request,
                f"Imported: {done.counts['new']} new, {done.counts['changed']} changed,"
                f" {done.counts['refused']} refused.",
            )
            return redirect("incidents:services")
    return _form(request, form)


def _read(request: PersonRequest) -> InventoryForm:
    teams = list(managed_teams(request.user).order_by("name"))
    return (
        InventoryForm(request.POST, request.FILES, teams=teams)
        if request.method == "POST"
        else InventoryForm(teams=teams)
    )


def _plan(request: PersonRequest, form: InventoryForm) -> HttpResponse:
    data: dict[str, Any] = form.cleaned_data
    found = operations.plan(data["document"], actor=request.user, team=form.teams.get(data["team"]))
    context = {"plan": found, "document": data["document"], "team": data["team"]}
    return render(request, "incidents/inventory/plan.html", context)


def _form(request: PersonRequest, form: InventoryForm) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/inventory/upload.html", {"form": form}, status=status)
