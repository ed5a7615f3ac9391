from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.lifecycle import queries as lifecycle
from incidents.observations import operations, queries
from incidents.observations.forms import LinkForm, ObservationForm, SettleForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

MOST_OPEN = 20


@require_http_methods(["GET", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """What was odd and is no incident yet, and the form to note more."""
    may_act = can(request.user, Verb.RESPOND)
    if request.method == "POST" and not may_act:
        raise PermissionDenied
    form = ObservationForm(request.POST or None, services=list(catalog.services(request.user)))
    if request.method == "POST" and form.is_valid():
        operations.note(**form.cleaned_data, actor=request.user)
        messages.success(request, "Noted. It is forgotten by itself unless it is seen again.")
        return redirect("incidents:observations")
    given = request.GET.get("page", "1")
    page = int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 5 else 1
    context = {
        "found": queries.listed(request.user, over=request.GET.get("show") == "over", page=max(1, page)),
        "form": form,
        "may_act": may_act,
        "days": settings.OBSERVATION_DAYS,
        "incidents": lifecycle.already_open(request.user, services=())[:MOST_OPEN],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "incidents/observations/index.html", context, status=status)


@require_POST
@may_respond
def seen_again(request: PersonRequest, pk: int) -> HttpResponse:
    """Say that it was seen once more."""
    row = queries.get(request.user, pk)
    return _do(request, lambda: operations.seen_again(row, actor=request.user), "Kept for longer.")


@require_POST
@may_respond
def settle(request: PersonRequest, pk: int) -> HttpResponse:
    """Say what it was."""
    row = queries.get(request.user, pk)
    form = SettleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say in a few words what it was.")
        return redirect("incidents:observations")
    why = form.cleaned_data["why"]
    return _do(request, lambda: operations.settle(row, why=why, actor=request.user), "Settled.")


@require_POST
@may_respond
def link(request: PersonRequest, pk: int) -> HttpResponse:
    """Make it part of an open incident."""
    row = queries.get(request.user, pk)
    form = LinkForm(request.POST, incidents=list(lifecycle.already_open(request.user, services=())))
    if not form.is_valid():
        messages.error(request, "That incident is not open.")
        return redirect("incidents:observations")
    incident = form.cleaned_data["incident"]
    said = f"It stands on the timeline of {incident} now."
    return _do(request, lambda: operations.link(row, incident=incident, actor=request.user), said)


def _do(request: PersonRequest, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:observations")
