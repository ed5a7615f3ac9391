from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import admin_only, may_respond
from core.accounts.sign_in import password_again
from core.errors import Refused
from core.ui import refusals
from core.ui.render import render
from incidents.lifecycle import queries as lifecycle
from incidents.privacy import operations, queries
from incidents.privacy.forms import EmergencyForm, RedactForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident


@admin_only
@password_again
@require_http_methods(["GET", "POST"])
def emergency(request: PersonRequest) -> HttpResponse:
    """Open a private incident that one takes no part in, and see what one has opened."""
    form = EmergencyForm(request.POST or None, initial={"incident": request.GET.get("incident", "")})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        with refusals.shown_in(form):
            found = operations.open_up(ref=said["incident"], reason=said["reason"], actor=request.user)
            messages.success(request, "It is open to you. Its members have been told.")
            return redirect("incidents:room", found.incident.number)
    context = {
        "form": form,
        "accesses": queries.accesses(request.user)[: queries.MOST],
        "minutes": settings.EMERGENCY_ACCESS_MINUTES,
        "per_day": settings.EMERGENCY_ACCESS_PER_DAY,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/privacy/emergency.html", context, status=status)


@require_POST
@admin_only
def end_emergency(request: PersonRequest, pk: int) -> HttpResponse:
    """End one's own look before its time is over."""
    operations.end(queries.own_access(request.user, pk), actor=request.user)
    messages.success(request, "Your emergency access has ended.")
    return redirect("incidents:emergency")


@require_GET
def readers(request: PersonRequest, number: int) -> HttpResponse:
    """Who has read a private incident."""
    incident = lifecycle.get(request.user, number)
    context = {
        "incident": incident,
        "readers": queries.readers(incident),
        "reads": queries.reads(request.user, incident)[: queries.MOST],
        "redactions": queries.redactions(request.user, incident)[: queries.MOST],
    }
    return render(request, "incidents/privacy/readers.html", context)


@may_respond
@require_http_methods(["GET", "POST"])
def redact(request: PersonRequest, number: int) -> HttpResponse:
    """Take a text out of an incident: first say what and why, then look where it stands, then do it."""
    incident = lifecycle.get(request.user, number)
    form = RedactForm(request.POST or None, initial=_begin(request, incident))
    may = queries.may_redact(request.user, incident)
    places: dict[str, int] = {}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if said["sure"]:
            try:
                operations.redact(incident, text=said["text"], reason=said["reason"], actor=request.user)
            except Refused as refused:
                form.add_error(None, str(refused))
            else:
                messages.success(request, "It is gone. The timeline says that something was redacted.")
                return redirect("incidents:room", number)
        else:
            places = dict(queries.standing(incident, said["text"])) if may else {}
            if not places:
                form.add_error(
                    "text", "That does not stand in this incident. Capital letters and spaces count."
                )
    context: dict[str, Any] = {
        "incident": incident,
        "form": form,
        "may": may,
        "places": places,
        "total": sum(places.values()),
    }
    wrong = form.is_bound and bool(form.errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, "incidents/privacy/redact.html", context, status=status)


def _begin(request: PersonRequest, incident: Incident) -> dict[str, str]:
    """The text of the entry that somebody came from."""
    found = queries.entry(request.user, incident, request.GET.get("entry", ""))
    return {"text": found.text} if found else {}
