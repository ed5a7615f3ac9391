from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_configure
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.updates import operations, queries, rules
from incidents.updates.forms import WordingForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def update(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """One update: its words, to whom it went, and what became of it."""
    incident = lifecycle.get(request.user, number)
    found = queries.updates(request.user, incident).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such update.")
    context = {
        "incident": incident,
        "update": found,
        "told": list(queries.told(request.user, incident).filter(update=found)),
    }
    return render(request, "incidents/updates/update.html", context)


@require_GET
def templates(request: PersonRequest) -> HttpResponse:
    """Approved wording: every template, and how it reads."""
    rows = [(row, *queries.example(row)) for row in queries.wordings(request.user)]
    context = {"rows": rows, "may_change": can(request.user, Verb.CONFIGURE)}
    return render(request, "incidents/updates/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may_configure
def create_template(request: PersonRequest) -> HttpResponse:
    """New wording."""
    form = WordingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.add_template(**form.said(), actor=request.user)
            messages.success(request, "Kept. It is offered where it fits.")
            return redirect("incidents:templates")
    return _template(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@may_configure
def change_template(request: PersonRequest, pk: int) -> HttpResponse:
    """One template."""
    row = queries.wording(request.user, pk)
    was = queries.example(row)
    form = WordingForm(
        request.POST if request.method == "POST" else None, instance=row, initial={"version": row.version}
    )
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.change_template(
                row, **form.said(), version=form.cleaned_data["version"], actor=request.user
            )
            messages.success(request, "Saved.")
            return redirect("incidents:templates")
    return _template(request, form, pk=pk, example=was)


def _template(request: PersonRequest, form: WordingForm, **more: Any) -> HttpResponse:
    context = {"form": form, "inside": rules.PLACEHOLDERS, "public": rules.PUBLIC, **more}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/updates/template.html", context, status=status)


@require_POST
@may_configure
def remove_template(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget a template."""
    operations.remove_template(queries.wording(request.user, pk), actor=request.user)
    messages.success(request, "Removed. Updates that began with it stay as they are.")
    return redirect("incidents:templates")
