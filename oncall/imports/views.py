from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import queries as people
from core.accounts.policy import Verb, require
from core.ui import refusals
from core.ui.render import render
from oncall.imports import operations, queries
from oncall.imports.forms import UploadForm, people_named

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "POST"])
def upload(request: PersonRequest) -> HttpResponse:
    """Hand a file over, to see what its import would do; and the imports before."""
    require(request.user, Verb.CONFIGURE)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with refusals.shown_in(form, "file"):
            started = operations.plan(form.cleaned_data["file"], actor=request.user)
            return redirect("oncall:schedule-import", started.pk)
    context = {"form": form, "before": queries.imports()[:10]}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "oncall/imports/upload.html", context, status=status)


@require_GET
def plan(request: PersonRequest, pk: int) -> HttpResponse:
    """What the import does, or did, schedule by schedule."""
    require(request.user, Verb.CONFIGURE)
    return _plan(request, pk, [])


@require_POST
def name_people(request: PersonRequest, pk: int) -> HttpResponse:
    """Say who people of the other tool are here, and see the plan anew."""
    require(request.user, Verb.CONFIGURE)
    named, wrong = people_named(request.POST)
    if wrong:
        return _plan(request, pk, wrong)
    operations.name_people(queries.get(pk), named)
    return redirect("oncall:schedule-import", pk)


@require_POST
def confirm(request: PersonRequest, pk: int) -> HttpResponse:
    """Import what the plan shows."""
    require(request.user, Verb.CONFIGURE)
    operations.confirm(queries.get(pk), actor=request.user)
    messages.success(request, "Imported. The schedules count from now on.")
    return redirect("oncall:schedule-import", pk)


def _plan(request: PersonRequest, pk: int, wrong: list[str]) -> HttpResponse:
    screen = queries.screen(queries.get(pk))
    context = {"screen": screen, "wrong": wrong, "people": people.people() if screen.unknown else ()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "oncall/imports/plan.html", context, status=status)
