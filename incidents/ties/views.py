"""How an incident hangs together with others: in its room, and on pages of its own. All of it works as plain forms."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui import refusals
from core.ui.render import render
from incidents.board import registry as board
from incidents.lifecycle import queries as lifecycle
from incidents.subscriptions import queries as subscriptions
from incidents.ties import operations, queries, registry
from incidents.ties.forms import MergeForm, SplitForm, TieForm, UnmergeForm
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident


@region(watching.alike)
@require_GET
def panel(request: PersonRequest, number: int) -> HttpResponse:
    """The living panel: what it is part of, its parts, what else it hangs together with."""
    incident = watching.incident(request, number)
    context = {
        "incident": incident,
        "panel": queries.panel(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/ties/_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, number: int) -> HttpResponse:
    """The same on a page of its own, with the form to tie it to another."""
    incident = lifecycle.get(request.user, number)
    if request.method != "POST":
        begin = {"kind": request.GET.get("kind") or "related"}
        form = TieForm(initial=begin, find=partial(queries.find, request.user))
        return _index(request, incident, form)
    return _tie(request, incident)


@may_respond
def _tie(request: PersonRequest, incident: Incident) -> HttpResponse:
    form = TieForm(request.POST, find=partial(queries.find, request.user))
    if form.is_valid():
        with refusals.shown_in(form):
            operations.relate(incident, **form.cleaned_data, actor=request.user)
            messages.success(request, "Tied. Both rooms show it.")
            return redirect("incidents:ties", incident.number)
    return _index(request, incident, form)


def _index(request: PersonRequest, incident: Incident, form: TieForm) -> HttpResponse:
    context = {
        "panel": queries.panel(request.user, incident),
        "merged": queries.merged_into(incident),
        "may_act": can(request.user, Verb.RESPOND),
    }
    return _page(request, "incidents/ties/index.html", incident, form, **context)


def _page(request: PersonRequest, template: str, incident: Incident, form: Form, **more: Any) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "known": queries.choices(request.user, incident),
        **more,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, template, context, status=status)


@require_POST
@may_respond
def untie(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Let two incidents hang together no more."""
    incident = lifecycle.get(request.user, number)
    try:
        operations.untie(queries.one(request.user, incident, pk), actor=request.user)
        messages.success(request, "They hang together no more.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("incidents:ties", number)


@require_http_methods(["GET", "HEAD", "POST"])
@may_respond
def merge(request: PersonRequest, number: int) -> HttpResponse:
    """Let an incident go on in another, with what happens by that said before."""
    incident = lifecycle.get(request.user, number)
    find = partial(queries.find, request.user)
    begin = {"other": request.GET.get("into", ""), "people": not incident.private}
    form = MergeForm(request.POST if request.method == "POST" else None, initial=begin, find=find)
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        with refusals.shown_in(form):
            operations.merge(
                incident,
                into=data["other"],
                reason=data["reason"],
                people=data["people"],
                actor=request.user,
            )
            messages.success(request, f"{incident} goes on in {data['other']}.")
            return redirect("incidents:room", data["other"].number)
    coming = {
        "alerts": [row for row in registry.alerts(incident) if not row.is_over],
        "parts": queries.parts(request.user, incident),
        "people": lifecycle.participants(incident),
        "notices": registry.notices(incident),
        "mails": subscriptions.of(request.user, incident).count(),
    }
    return _page(request, "incidents/ties/merge.html", incident, form, coming=coming)


@require_http_methods(["GET", "HEAD", "POST"])
@may_respond
def unmerge(request: PersonRequest, number: int) -> HttpResponse:
    """Undo a merge."""
    incident = lifecycle.get(request.user, number)
    form = UnmergeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.unmerge(incident, reason=form.cleaned_data["reason"], actor=request.user)
            messages.success(request, f"{incident} is open again, on its own.")
            return redirect("incidents:room", number)
    return _page(request, "incidents/ties/unmerge.html", incident, form)


@require_http_methods(["GET", "HEAD", "POST"])
@may_respond
def split(request: PersonRequest, number: int) -> HttpResponse:
    """Declare a new incident out of this one; `?part=1` as a part of it."""
    incident = lifecycle.get(request.user, number)
    begin = {"severity": incident.severity.slug, "as_part": "part" in request.GET}
    given = request.POST if request.method == "POST" else None
    made = queries.made_with(request.user, request.POST.get("key", ""))
    if made is not None:  # pressed twice: what went over is no longer here to be chosen
        return redirect("incidents:room", made.number)
    form = SplitForm(given, initial=begin, **queries.splittable(request.user, incident))
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            new = operations.split(incident, **form.said(), actor=request.user)
            messages.success(request, f"{new} is declared.")
            _offer(request, new, form.offered())
            return redirect("incidents:room", new.number)
    return _page(request, "incidents/ties/split.html", incident, form)


def _offer(request: PersonRequest, incident: Incident, person: User | None) -> None:
    """Offer command of it at once. Whatever is said to that, it is declared."""
    if person is None:
        return
    try:
        board.offer_command(incident, to=person, actor=request.user)
        messages.success(request, f"Command is offered to {person}. Until they accept, you command.")
    except Refused as refused:
        messages.error(request, str(refused))
