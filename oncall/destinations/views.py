from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, require
from core.accounts.sign_in import password_again
from core.errors import Refused
from core.ui.render import render
from oncall.destinations import operations, queries
from oncall.destinations.forms import DestinationForm, NewDestinationForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

HOME = "oncall:channels"


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Every channel that can be told: where it is, and whether the last message arrived."""
    return _index(request)


def _index(request: PersonRequest, *, secret: str = "", status: int = 200) -> HttpResponse:
    rows = queries.shown(request.user)
    context = {"rows": rows, "may_create": can(request.user, Verb.CONFIGURE), "secret": secret}
    return render(request, "oncall/destinations/index.html", context, status=status)


@password_again
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """A new channel; what signs its messages is shown in the answer that makes it."""
    require(request.user, Verb.CONFIGURE)
    form = NewDestinationForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        require(request.user, Verb.CONFIGURE, given["team"])
        try:
            _, secret = operations.add(**given, actor=request.user)
        except Refused as refusal:
            form.add_error("name" if isinstance(refusal, operations.SameName) else "address", str(refusal))
        else:
            if secret:
                return _index(request, secret=secret, status=HTTPStatus.CREATED)
            messages.success(request, "Added. Send a test message to see whether it arrives.")
            return redirect(HOME)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/destinations/edit.html", {"form": form}, status=status)


@password_again
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Another name or team for a channel, turn it off, or open it to what is private."""
    row = queries.destination(request.user, pk)
    require(request.user, Verb.CONFIGURE, row.team)
    now = queries.settings_of(row)
    form = DestinationForm(request.POST if request.method == "POST" else None, user=request.user, initial=now)
    if form.is_bound and form.is_valid():
        require(request.user, Verb.CONFIGURE, form.cleaned_data["team"])
        try:
            operations.change(row, **{**now, **form.cleaned_data}, actor=request.user)
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect(HOME)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/destinations/edit.html", {"form": form, "row": row}, status=status)


@require_POST
def test(request: PersonRequest, pk: int) -> HttpResponse:
    """Send a test message to a channel."""
    row = queries.destination(request.user, pk)
    require(request.user, Verb.CONFIGURE, row.team)
    try:
        operations.send_test(row, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"A test message to {row} is on its way.")
    return redirect(HOME)


@password_again
@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget a channel."""
    row = queries.destination(request.user, pk)
    require(request.user, Verb.CONFIGURE, row.team)
    try:
        operations.remove(row, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Removed.")
    return redirect(HOME)
