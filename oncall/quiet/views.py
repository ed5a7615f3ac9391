from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.sign_in import password_again
from core.ui import refusals
from core.ui.render import render
from oncall.quiet import operations, queries
from oncall.quiet.forms import HolidayForm, HoursForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

HOME = "oncall:quiet-hours"


@require_GET
def quiet_hours(request: PersonRequest) -> HttpResponse:
    """When I am left alone with what can wait."""
    return _page(request)


@password_again
@require_POST
def add_hours(request: PersonRequest) -> HttpResponse:
    """Add quiet hours of mine."""
    form = HoursForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "end"):
            operations.add_hours(request.user, **form.cleaned_data)
            messages.success(request, "Added. Low urgency waits then, from now on.")
            return redirect(HOME)
    return _page(request, hours_form=form)


@password_again
@require_POST
def remove_hours(request: PersonRequest, pk: int) -> HttpResponse:
    """Take quiet hours of mine back."""
    operations.remove_hours(queries.own_hours(request.user, pk))
    messages.success(request, "Removed.")
    return redirect(HOME)


@password_again
@require_POST
def add_holiday(request: PersonRequest) -> HttpResponse:
    """Add a holiday of mine."""
    form = HolidayForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "day"):
            operations.add_holiday(request.user, **form.cleaned_data)
            messages.success(request, "Added. Low urgency waits on that day.")
            return redirect(HOME)
    return _page(request, holiday_form=form)


@password_again
@require_POST
def remove_holiday(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a holiday of mine back."""
    operations.remove_holiday(queries.own_holiday(request.user, pk))
    messages.success(request, "Removed.")
    return redirect(HOME)


def _page(
    request: PersonRequest, *, hours_form: HoursForm | None = None, holiday_form: HolidayForm | None = None
) -> HttpResponse:
    """The page, with a form that was refused (422) as it was filled in."""
    context = {
        "hours": queries.hours_of(request.user),
        "holidays": queries.holidays_of(request.user),
        "hours_form": hours_form or HoursForm(),
        "holiday_form": holiday_form or HolidayForm(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if hours_form or holiday_form else HTTPStatus.OK
    return render(request, "oncall/quiet/hours.html", context, status=status)
