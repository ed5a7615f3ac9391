from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.nudges import operations, queries
from incidents.nudges.forms import AnswerForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@region(watching.alike)
@require_GET
def shown(request: PersonRequest, number: int) -> HttpResponse:
    """What waits for the people of a room, living."""
    incident = watching.incident(request, number)
    context = {
        "incident": incident,
        "nudges": queries.shown(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/nudges/_shown.html", context)


@require_POST
@may_respond
def answer(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say what is being done about it."""
    incident = lifecycle.get(request.user, number)
    nudge = queries.of(request.user, incident).filter(pk=pk).first()
    if nudge is None:
        raise Http404("There is no such thing.")
    nudge.incident = incident
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say in a few words what is being done.")
        return redirect("incidents:room", number)
    try:
        operations.answer(nudge, text=form.cleaned_data["text"], actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:room", number)


@require_GET
def forgotten(request: PersonRequest) -> HttpResponse:
    """The incidents that may be over, or that nobody looks after, on a page of their own."""
    return render(request, "incidents/nudges/forgotten.html", _forgotten(request))


@require_GET
def forgotten_panel(request: PersonRequest) -> HttpResponse:
    """The same for the board, living; nothing where there is none."""
    return render(request, "incidents/nudges/_forgotten.html", _forgotten(request))


def _forgotten(request: PersonRequest) -> dict[str, Any]:
    rows = queries.perhaps_forgotten(request.user)
    return {"rows": rows, "may_act": can(request.user, Verb.RESPOND)}


@require_POST
@may_respond
def goes_on(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say in one press that an incident goes on."""
    incident = lifecycle.get(request.user, number)
    nudge = queries.of(request.user, incident).filter(pk=pk).first()
    if nudge is None:
        raise Http404("There is no such thing.")
    nudge.incident = incident
    try:
        operations.answer(nudge, text="It goes on.", actor=request.user)
        messages.success(request, f"{incident} goes on.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:room", number)


@require_POST
@may_respond
def take_break(request: PersonRequest, number: int) -> HttpResponse:
    """Note that the person takes a break."""
    incident = lifecycle.get(request.user, number)
    operations.take_break(incident, user=request.user, actor=request.user)
    messages.success(request, "Noted. Come back rested.")
    return redirect("incidents:room", number)
