from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.files import saved
from core.ui.render import render
from incidents.attachments import operations, queries
from incidents.attachments.forms import AttachForm, RemoveForm
from incidents.lifecycle import queries as lifecycle
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

SHOWN = 6


@region(watching.alike)
@require_safe
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living list of the latest files."""
    incident = watching.incident(request, number)
    rows = list(queries.of(request.user, incident).kept()[: SHOWN + 1])
    context = {
        "incident": incident,
        "rows": rows[:SHOWN],
        "has_more": len(rows) > SHOWN,
        "may_add": queries.may_add(request.user, incident),
    }
    return render(request, "incidents/attachments/_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """Every file of an incident, and the form to attach more."""
    incident = lifecycle.get(request.user, number)
    if request.method == "POST" and not can(request.user, Verb.RESPOND):
        raise PermissionDenied
    form = AttachForm(request.POST, request.FILES) if request.method == "POST" else AttachForm()
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            rows = operations.attach(incident, **form.cleaned_data, actor=request.user)
            messages.success(request, "Attached." if len(rows) == 1 else f"{len(rows)} files attached.")
            return redirect("incidents:attachments", number)
    context = {
        "incident": incident,
        "rows": queries.of(request.user, incident),
        "form": form,
        "may_add": queries.may_add(request.user, incident),
        "may_remove": can(request.user, Verb.RESPOND) and queries.may_remove(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/attachments/index.html", context, status=status)


@require_safe
def download(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """A file, to be saved and never shown as a page of ours."""
    found = queries.read(request.user, lifecycle.get(request.user, number), pk)
    return saved(found.content, media_type=found.media_type, name=found.name)


@require_safe
def preview(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """The small picture of a file."""
    found = queries.read(request.user, lifecycle.get(request.user, number), pk, small=True)
    return saved(found.content, media_type=found.media_type, name=found.name)


@require_POST
@may_respond
def remove(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Remove a file for good."""
    row = queries.one(request.user, lifecycle.get(request.user, number), pk)
    form = RemoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.fields["why"].error_messages["required"]))
        return redirect("incidents:attachments", number)
    try:
        operations.remove(row, why=form.cleaned_data["why"], actor=request.user)
        messages.success(request, "It is gone. The timeline says that it was removed.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:attachments", number)
