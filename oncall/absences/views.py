from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.ical import copies
from core.ui import refusals
from core.ui.render import render
from oncall.absences import operations, queries
from oncall.absences.forms import AbsenceForm, CalendarForm, RegionForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

HOME = "oncall:absences"
HOLIDAYS_SHOWN = 8


@require_GET
def absences(request: PersonRequest) -> HttpResponse:
    """When I am away, and where that meets my shifts."""
    return _page(request)


@require_POST
def add(request: PersonRequest) -> HttpResponse:
    """Note an absence of mine."""
    form = AbsenceForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "end"):
            operations.add(request.user, **form.cleaned_data)
            messages.success(request, "Noted.")
            return redirect(HOME)
    return _page(request, absence_form=form)


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an absence of mine back."""
    operations.remove(queries.own(request.user, pk))
    messages.success(request, "Removed.")
    return redirect(HOME)


@require_POST
def add_calendar(request: PersonRequest) -> HttpResponse:
    """Read my absences from a calendar."""
    form = CalendarForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "url"):
            copies.try_out(form.cleaned_data["url"])
            operations.add_calendar(request.user, **form.cleaned_data)
            messages.success(request, "Added. It is read within a minute, and then every 15 minutes.")
            return redirect(HOME)
    return _page(request, calendar_form=form)


@require_POST
def remove_calendar(request: PersonRequest, pk: int) -> HttpResponse:
    """Read a calendar of mine no longer."""
    operations.remove_calendar(queries.own_calendar(request.user, pk))
    messages.success(request, "Removed, with its absences.")
    return redirect(HOME)


@require_POST
def set_region(request: PersonRequest) -> HttpResponse:
    """Say whose public holidays are mine."""
    form = RegionForm(request.POST)
    if form.is_valid():
        operations.set_region(request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(HOME)
    return _page(request, region_form=form)


def _page(
    request: PersonRequest,
    *,
    absence_form: AbsenceForm | None = None,
    calendar_form: CalendarForm | None = None,
    region_form: RegionForm | None = None,
) -> HttpResponse:
    """The page, with a form that was refused (422) as it was filled in."""
    place, today = queries.region(request.user), timezone.localdate()
    given = {"country": place.country, "region": place.region} if place else {}
    last = today + timedelta(days=365)
    found = queries.public_holidays(place, first=today, last=last) if place else []
    context = {
        "absences": queries.coming(request.user),
        "calendars": queries.calendars(request.user),
        "clashes": queries.clashes(request.user),
        "place": place,
        "holidays": found[:HOLIDAYS_SHOWN],
        "absence_form": absence_form or AbsenceForm(),
        "calendar_form": calendar_form or CalendarForm(),
        "region_form": region_form or RegionForm(initial=given),
    }
    refused = absence_form or calendar_form or region_form
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, "oncall/absences/index.html", context, status=status)
