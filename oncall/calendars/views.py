from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond, require
from core.ical import copies
from core.ui import refusals
from core.ui.render import render
from oncall.calendars import operations, queries
from oncall.calendars.forms import CalendarForm
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
def calendars(request: PersonRequest, slug: str) -> HttpResponse:
    """The calendars that a schedule is read from; a manager adds one."""
    schedule = schedules.get(slug)
    manages = can(request.user, Verb.CONFIGURE, schedule.team)
    form = CalendarForm(request.POST or None)
    status = HTTPStatus.OK
    if request.method == "POST":
        require(request.user, Verb.CONFIGURE, schedule.team)
        if form.is_valid():
            with refusals.shown_in(form, "url"):
                copies.try_out(form.cleaned_data["url"])
        if form.is_valid():
            with refusals.shown_in(form):
                operations.add(schedule, **form.cleaned_data, actor=request.user)
                messages.success(request, "Added. It is read within a minute, and then every 15 minutes.")
                return redirect("oncall:schedule-calendars", slug)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "schedule": schedule,
        "calendars": queries.of(schedule),
        "form": form if manages else None,
        "manages": manages,
    }
    return render(request, "oncall/calendars/calendars.html", context, status=status)


@require_POST
@may_respond
def remove(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Read a calendar no longer."""
    operations.remove(queries.get(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "Removed. Whom it had on call until now stays in the record.")
    return redirect("oncall:schedule-calendars", slug)
