from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import may_respond, public
from core.errors import Refused
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.subscriptions import operations, queries
from incidents.subscriptions.forms import AddForm

if TYPE_CHECKING:
    from django.http import HttpRequest

    from core.accounts.requests import PersonRequest

NO_TRACE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
NOWHERE = "This address ends nothing. It may have been cut off by a mail program.\n"


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """Who gets the updates of an incident by mail, and the form to put somebody on."""
    incident = lifecycle.get(request.user, number)
    may_add = queries.may_add(request.user, incident)
    if request.method == "POST" and not may_add:
        raise PermissionDenied("Who has communications, or commands, puts others on.")
    form = AddForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            row = operations.subscribe(incident, **form.said(), actor=request.user)
            messages.success(request, f"{row} gets the updates from now on.")
            return redirect("incidents:subscriptions", number)
    context = {
        "incident": incident,
        "rows": list(queries.of(request.user, incident)),
        "mine": queries.mine(request.user, incident),
        "may_add": may_add,
        "form": form,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/subscriptions/index.html", context, status=status)


@require_POST
def subscribe(request: PersonRequest, number: int) -> HttpResponse:
    """Get the updates oneself."""
    incident = lifecycle.get(request.user, number)
    try:
        operations.subscribe(incident, actor=request.user)
        messages.success(request, f"You get the updates of {incident} by mail.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:subscriptions", number)


@require_POST
def end_mine(request: PersonRequest, number: int) -> HttpResponse:
    """Get them no more."""
    incident = lifecycle.get(request.user, number)
    row = queries.mine(request.user, incident)
    if row is not None:
        operations.end(row, actor=request.user)
    messages.success(request, f"You get no more mails about {incident}.")
    return redirect("incidents:subscriptions", number)


@require_POST
@may_respond
def end(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Take somebody off."""
    row = queries.one(request.user, lifecycle.get(request.user, number), pk)
    operations.end(row, actor=request.user)
    messages.success(request, f"{row} gets no more mails.")
    return redirect("incidents:subscriptions", number)


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End a subscription by the address in its mails (RFC 8058). GET shows a form, because scanners follow links.

    Without a session there is no token against forged requests either: the address itself is what nobody can guess,
    and it ends this one subscription alone.
    """
    try:
        row = queries.by_token(token)
    except Http404:
        return _quiet(HttpResponse(NOWHERE, status=404, content_type="text/plain; charset=utf-8"))
    if request.method == "POST":
        row = operations.end(row, actor=None)
    context = {
        "row": row,
        "token": token,
        "name": "a private incident" if row.incident.private else row.incident,
    }
    return _quiet(render(request, "incidents/subscriptions/unsubscribe.html", context))


def _quiet(response: HttpResponse) -> HttpResponse:
    for name, value in NO_TRACE.items():
        response[name] = value
    return response
