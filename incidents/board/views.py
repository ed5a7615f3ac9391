from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.ui.render import render
from incidents.board import queries
from incidents.board.forms import DeclareForm
from incidents.lifecycle import operations
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def board(request: PersonRequest) -> HttpResponse:
    """The incidents that are open, and those of the last days."""
    return render(request, "incidents/board/board.html", _board(request))


@require_GET
def region(request: PersonRequest) -> HttpResponse:
    """The living part of the board."""
    return render(request, "incidents/board/_board.html", _board(request))


def _board(request: PersonRequest) -> dict[str, Any]:
    which, search = request.GET.get("show", "active"), request.GET.get("q", "").strip()
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 5 else 1
    found = queries.page(request.user, which=which, search=search, number=number)
    return {
        "page": found,
        "board": found.board,
        "search": search,
        "number": number,
        "may_act": _may_act(request),
    }


@require_POST
@may_respond
def take_command(request: PersonRequest, number: int) -> HttpResponse:
    """Take command of an incident that nobody commands."""
    incident = lifecycle.get(request.user, number)
    operations.take_command(incident, actor=request.user)
    messages.success(request, f"You command {incident}.")
    return redirect("incidents:room", number)


@require_http_methods(["GET", "POST"])
@may_respond
def declare(request: PersonRequest) -> HttpResponse:
    """Declare an incident: a title is enough, and no approval is asked for."""
    given = request.POST if request.method == "POST" else request.GET or None
    form = DeclareForm(given, **queries.choices(request.user))
    if request.method == "POST":
        chosen = form.chosen()
        if form.is_valid():
            return _declare(request, form.cleaned_data, chosen)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "incidents/board/declare.html", _context(request, form), status=status)


@require_GET
@may_respond
def consequences(request: PersonRequest) -> HttpResponse:
    """What happens when it is declared as chosen so far."""
    form = DeclareForm(request.GET, **queries.choices(request.user))
    return render(request, "incidents/board/_consequences.html", _context(request, form))


def _context(request: PersonRequest, form: DeclareForm) -> dict[str, Any]:
    chosen = form.chosen() if form.is_bound else DeclareForm({}, **queries.choices(request.user)).chosen()
    return {
        "form": form,
        "outlook": queries.outlook(request.user, **chosen),
        "picked": {row.pk for row in chosen["services"]},
        "is_post": request.method == "POST",
    }


def _declare(request: PersonRequest, data: dict[str, Any], chosen: dict[str, Any]) -> HttpResponse:
    severity = queries.outlook(request.user, **chosen).severity
    incident = operations.declare(
        title=data["title"],
        actor=request.user,
        severity=severity,
        services=chosen["services"],
        private=data["private"],
        drill=data["drill"],
        started_at=data["started_at"],
        summary=data["summary"],
        blast_radius=data["blast_radius"],
        recent_changes=data["recent_changes"],
        who_else=data["who_else"],
        key=data["key"],
    )
    messages.success(request, f"{incident} is declared.")
    return redirect("incidents:room", incident.number)


def _may_act(request: PersonRequest) -> bool:
    return can(request.user, Verb.RESPOND)
