from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import queries as accounts
from core.accounts.policy import Verb, can, may_configure, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.command import operations, queries
from incidents.command.forms import DeclineForm, PoolForm
from incidents.command.models import State
from incidents.lifecycle import queries as lifecycle
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.command.models import HandOver
    from incidents.lifecycle.models import Incident


@require_GET
def hand_over(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Command as it is offered: what was written, and how things stand now."""
    incident = lifecycle.get(request.user, number)
    return _offered(request, queries.one(request.user, incident, pk), incident, DeclineForm())


def _offered(request: PersonRequest, row: HandOver, incident: Incident, form: DeclineForm) -> HttpResponse:
    waits = row.state == State.WAITING and incident.is_active
    said = queries.said(incident) if waits else []
    context = {
        "incident": incident,
        "row": row,
        "said": said,
        "added": queries.added(row, said) if waits else (),
        "may_answer": waits and row.to_id == request.user.pk and can(request.user, Verb.RESPOND),
        "may_withdraw": waits and request.user.pk in (row.offered_by_id, row.holder_id),
        "form": form,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/command/hand_over.html", context, status=status)


@require_POST
@may_respond
def accept(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Take command over."""
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    said = f"You command {incident}."
    return _do(request, number, lambda: operations.accept(row, actor=request.user), said)


@require_POST
@may_respond
def decline(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say no to command."""
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _offered(request, row, incident, form)
    why = form.cleaned_data["why"]
    said = "Declined. The next one is asked." if row.is_by_level else f"Declined. {row.offered_by} is told."
    return _do(request, number, lambda: operations.decline(row, why=why, actor=request.user), said)


@require_POST
@may_respond
def withdraw(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Take an offer of command back."""
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    return _do(
        request, number, lambda: operations.withdraw(row, actor=request.user), "The offer is taken back."
    )


@require_POST
@may_respond
def take_over(request: PersonRequest, number: int) -> HttpResponse:
    """Take command over in one press, as the deputy does; anybody else says why on the page of the form."""
    incident = lifecycle.get(request.user, number)
    reason = request.POST.get("reason", "").replace("\x00", "")[:2000]
    said = f"You command {incident}."
    return _do(
        request, number, lambda: operations.take_over(incident, reason=reason, actor=request.user), said
    )


@region(watching.alike_unless_trained)
@require_GET
def people(request: PersonRequest, number: int) -> HttpResponse:
    """The living panel of who takes part as what."""
    incident = watching.incident(request, number)
    context = {
        "incident": incident,
        "people": queries.people(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/command/_people.html", context)


@require_POST
@may_respond
def offer(request: PersonRequest, number: int) -> HttpResponse:
    """Offer command to somebody with the briefing that the room writes."""
    incident = lifecycle.get(request.user, number)
    given = request.POST.get("user", "")
    person = accounts.person(int(given)) if given.isascii() and given.isdigit() and len(given) < 16 else None
    if person is None:
        messages.error(request, "Choose somebody.")
        return redirect("incidents:room", number)
    said = f"Command is offered to {person}."
    return _do(request, number, lambda: operations.offer(incident, to=person, actor=request.user), said)


@require_POST
@may_respond
def ask_on_call(request: PersonRequest, number: int) -> HttpResponse:
    """Page the commander on call."""
    incident = lifecycle.get(request.user, number)
    said = "The commander on call is being paged."
    return _do(request, number, lambda: operations.ask_on_call(incident, actor=request.user), said)


def _do(request: PersonRequest, number: int, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:room", number)


@require_http_methods(["GET", "HEAD", "POST"])
def pool(request: PersonRequest) -> HttpResponse:
    """Who is trained to command, whose turn it is, and the form to add somebody."""
    may_change = can(request.user, Verb.CONFIGURE)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = PoolForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            row = operations.put_in(**form.cleaned_data, actor=request.user)
            messages.success(request, f"{row} can be asked to command.")
            return redirect("incidents:commanders")
    context = {
        "rows": queries.pool(request.user),
        "form": form,
        "may_change": may_change,
        "schedule": queries.on_call_commander(request.user),
        "wanted": settings.COMMANDER_SCHEDULE,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/command/pool.html", context, status=status)


@require_POST
@may_configure
def take_out(request: PersonRequest, pk: int) -> HttpResponse:
    """Suggest somebody as commander no more."""
    row = queries.trained(request.user, pk)
    operations.take_out(row, actor=request.user)
    messages.success(request, f"{row} is suggested no more.")
    return redirect("incidents:commanders")
