from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.security import operations, queries
from incidents.security.forms import WordsForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """What a matter of security still needs, for the room; nothing where it is none."""
    incident = watching.incident(request, number)
    return render(request, "incidents/security/_panel.html", _about(request, incident))


def _about(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident,
        "track": queries.track(request.user, incident),
        "items": list(queries.items(request.user, incident)),
        "may_act": can(request.user, Verb.RESPOND),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """Whether it is a matter of security, who leads that, and what keeps the incident open; POST says that it is."""
    incident = lifecycle.get(request.user, number)
    if request.method != "POST":
        return _page(request, incident)
    if not can(request.user, Verb.RESPOND):
        raise PermissionDenied
    return _press(
        request,
        incident,
        lambda: operations.begin(incident, actor=request.user),
        "It has a security track now.",
    )


def _page(request: PersonRequest, incident: Incident, wrong: dict[str, Any] | None = None) -> HttpResponse:
    about = _about(request, incident)
    known = about["track"]
    context = {
        **about,
        "wrong": wrong,
        "schedule": queries.on_call(request.user),
        "checks": () if known else queries.checks(request.user).at(incident.severity.rank),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "incidents/security/index.html", context, status=status)


@require_POST
@may_respond
def lead(request: PersonRequest, number: int) -> HttpResponse:
    """Lead the security track."""
    incident = lifecycle.get(request.user, number)
    said = "You lead the security track."
    return _press(request, incident, lambda: operations.lead(incident, actor=request.user), said)


@require_POST
@may_respond
def end(request: PersonRequest, number: int) -> HttpResponse:
    """It is no matter of security after all."""
    incident = lifecycle.get(request.user, number)
    return _do(request, incident, lambda words: operations.end(incident, why=words, actor=request.user))


@require_POST
@may_respond
def done(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """It was done."""
    incident = lifecycle.get(request.user, number)
    row = queries.item(request.user, incident, pk)
    return _do(
        request, incident, lambda words: operations.answer(row, words=words, actor=request.user), pk=pk
    )


@require_POST
@may_respond
def need_not(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """It is not needed."""
    incident = lifecycle.get(request.user, number)
    row = queries.item(request.user, incident, pk)
    return _do(
        request,
        incident,
        lambda words: operations.answer(row, words=words, actor=request.user, needed=False),
        pk=pk,
    )


@require_POST
@may_respond
def reopen(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """It has to be done after all."""
    incident = lifecycle.get(request.user, number)
    row = queries.item(request.user, incident, pk)
    return _do(request, incident, lambda words: operations.reopen(row, why=words, actor=request.user), pk=pk)


def _press(request: PersonRequest, incident: Incident, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:security", incident.number)


def _do(
    request: PersonRequest, incident: Incident, act: Callable[[str], object], *, pk: int | None = None
) -> HttpResponse:
    """Do it with the words given; refused, the page comes back with the reason and what was typed."""
    form = WordsForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            act(form.cleaned_data["words"])
            messages.success(request, "Noted, with your words.")
            return redirect("incidents:security", incident.number)
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return _page(request, incident, {"pk": pk, "why": why, "typed": request.POST.get("words", "")})
