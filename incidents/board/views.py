from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.ui.render import render
from incidents.board import queries, registry
from incidents.board.forms import DeclareForm
from incidents.fields import operations as fields
from incidents.lifecycle import operations
from incidents.lifecycle import queries as lifecycle
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident


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
    tag, field = request.GET.get("tag", "").strip(), request.GET.get("field", "").strip()
    found = queries.page(
        request.user, which=which, search=search, number=number, tag=tag, field=field.replace("\x00", "")
    )
    return {
        "page": found,
        "board": found.board,
        "sieve": found.sieve,
        "search": search,
        "number": number,
        "may_act": _may_act(request),
    }


@require_GET
def wall(request: PersonRequest) -> HttpResponse:
    """The open incidents for a screen that hangs where everybody sees it."""
    return render(request, "incidents/board/wall.html", {"board": queries.wall(request.user)})


@require_GET
def wall_region(request: PersonRequest) -> HttpResponse:
    """The living part of the wall board."""
    return render(request, "incidents/board/_wall.html", {"board": queries.wall(request.user)})


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
    """Declare an incident: a title is enough, and no approval is asked for.

    `?from=alert-12` begins with what is known of it. With `look` nothing is declared: the form comes back with what
    would happen, for those without script.
    """
    is_final = request.method == "POST" and "look" not in request.POST
    form, origin = _form(request)
    if is_final:
        chosen = form.chosen()
        if form.is_valid():
            try:
                return _declare(request, form, chosen, origin)
            except fields.Misfilled as misfilled:
                form.misfilled(misfilled.wrong)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_final else HTTPStatus.OK
    context = {
        **_context(request, form, origin),
        "is_post": is_final,
        "reasons": severities.reasons(request.user),
    }
    return render(request, "incidents/board/declare.html", context, status=status)


@require_http_methods(["GET", "POST"])
@may_respond
def consequences(request: PersonRequest) -> HttpResponse:
    """What happens when it is declared as chosen so far. It is posted because a title stands in no address."""
    form, origin = _form(request)
    return render(request, "incidents/board/_consequences.html", _context(request, form, origin))


@require_POST
@may_respond
def join_instead(request: PersonRequest, number: int) -> HttpResponse:
    """Take part in an incident that is open already; what was typed becomes a note in its room."""
    incident = lifecycle.get(request.user, number)
    form, _ = _form(request)
    form.is_valid()
    title, key = form.cleaned_data.get("title", ""), form.cleaned_data.get("key")
    operations.report_again(incident, text=title, key=key, actor=request.user)
    messages.success(request, f"You take part in {incident}. Nothing new was declared.")
    return redirect("incidents:room", number)


def _form(request: PersonRequest) -> tuple[DeclareForm, registry.Origin | None]:
    """Give the form with what is known so far, and what it begins with, if anything."""
    data = (request.POST if request.method == "POST" else request.GET).copy()
    given = request.GET.get("from", "") if request.method == "GET" else request.POST.get("origin", "")
    found = registry.origin(request.user, given)
    if request.method == "GET":
        data.setdefault("key", str(uuid4()))
        if found is not None:
            data.setdefault("origin", given)
            data.setdefault("title", found.title[:200])
            data.setdefault("summary", found.summary[:20_000])
            data.setlistdefault("services", [str(pk) for pk in found.service_ids])
    return DeclareForm(data, **queries.choices(request.user)), found


def _context(request: PersonRequest, form: DeclareForm, origin: registry.Origin | None) -> dict[str, Any]:
    chosen = form.chosen()
    return {
        "form": form,
        "outlook": queries.outlook(request.user, **chosen, origin=origin),
        "picked": {row.pk for row in chosen["services"]},
    }


def _declare(
    request: PersonRequest, form: DeclareForm, chosen: dict[str, Any], origin: registry.Origin | None
) -> HttpResponse:
    data = form.cleaned_data
    severity = queries.level(
        chosen["severity"], chosen["answers"], chosen["measure"], services=chosen["services"]
    )
    make = origin.declare if origin else operations.declare
    incident = fields.declare(
        make,
        custom_fields=form.values(),
        title=data["title"],
        actor=request.user,
        severity=severity,
        services=chosen["services"],
        private=data["private"],
        drill=data["drill"] and origin is None,
        started_at=data["started_at"],
        summary=data["summary"],
        blast_radius=data["blast_radius"],
        recent_changes=data["recent_changes"],
        who_else=data["who_else"],
        key=data["key"],
    )
    messages.success(request, f"{incident} is declared.")
    person = form.commanders.get(data["commander"])
    if person is not None:
        _offer(request, incident, person)
    return redirect("incidents:room", incident.number)


def _offer(request: PersonRequest, incident: Incident, person: User) -> None:
    """Offer command of it at once. Whatever is said to that, it is declared."""
    try:
        registry.offer_command(incident, to=person, actor=request.user)
        messages.success(request, f"Command is offered to {person}. Until they accept, you command.")
    except Refused as refused:
        messages.error(request, str(refused))


def _may_act(request: PersonRequest) -> bool:
    return can(request.user, Verb.RESPOND)
