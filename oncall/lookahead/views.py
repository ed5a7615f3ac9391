from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, require
from core.ui import refusals
from core.ui.render import render
from oncall.lookahead import operations, queries
from oncall.lookahead.forms import LimitsForm
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule


@require_GET
def everything(request: PersonRequest) -> HttpResponse:
    """What is wrong with any schedule in the next two weeks."""
    found = queries.shown(timezone.now())
    rows = [(row, found[row.pk]) for row in schedules.schedules() if found.get(row.pk)]
    return render(request, "oncall/lookahead/everything.html", {"rows": rows})


@require_GET
def ahead(request: PersonRequest, slug: str) -> HttpResponse:
    """What is wrong with one schedule, why, and what mends it."""
    return _page(request, schedules.get(slug))


@require_POST
def set_limits(request: PersonRequest, slug: str) -> HttpResponse:
    """Say what is too small, too long or too short for a schedule."""
    schedule = schedules.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = LimitsForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.set_limits(schedule, **form.cleaned_data, actor=request.user)
            messages.success(request, "Saved.")
            return redirect("oncall:schedule-ahead", slug)
        form.data = {**form.data.dict(), "seen": queries.limits_of(schedules.get(slug)).said}
    return _page(request, schedule, form)


def _page(request: PersonRequest, schedule: Schedule, form: LimitsForm | None = None) -> HttpResponse:
    limits = queries.limits_of(schedule)
    context = {
        "schedule": schedule,
        "worries": queries.shown_of(schedule, timezone.now()),
        "form": form or LimitsForm(initial=asdict(limits) | {"seen": limits.said}),
        "may_configure": can(request.user, Verb.CONFIGURE, schedule.team),
    }
    status = HTTPStatus.BAD_REQUEST if form else HTTPStatus.OK
    return render(request, "oncall/lookahead/ahead.html", context, status=status)


@require_GET
def panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The same as a panel on the schedule's page."""
    schedule = schedules.get(slug)
    context = {"schedule": schedule, "worries": queries.shown_of(schedule, timezone.now())}
    return render(request, "oncall/lookahead/_panel.html", context)
