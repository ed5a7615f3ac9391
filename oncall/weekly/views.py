from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from core.accounts import queries as accounts
from core.accounts.policy import Verb, can, managed_teams, require
from core.ui.render import render
from oncall.schedules.forms.zones import ZONES
from oncall.weekly import operations, queries
from oncall.weekly.forms import TeamWeeklyForm, WeeklyForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.weekly.models import WeeklySummary

both = require_http_methods(["GET", "HEAD", "POST"])


@both
def mine(request: PersonRequest) -> HttpResponse:
    """When I get my weekly summary, and how it would read now."""
    row = queries.of_user(request.user)
    form = WeeklyForm(request.POST if request.method == "POST" else None, initial=_chosen(row))
    if form.is_bound and form.is_valid():
        operations.choose(user=request.user, **form.cleaned_data, actor=request.user)
        messages.success(request, "Saved.")
        return redirect("oncall:weekly-summary")
    now = timezone.now()
    found = queries.summary(request.user, now=now, looks_ahead=False)
    context = {
        "form": form,
        "next": queries.next_of(row, now=now),
        "is_worth_it": found.is_worth_it,
        "preview": operations.content(found),
        "teams": managed_teams(request.user).order_by("name"),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/weekly/mine.html", context, status=status)


@both
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """Whether and when the channels of a team hear who is on call in the next week, and how that would read now."""
    found = get_object_or_404(accounts.teams(request.user), slug=slug)
    row, manages = queries.of_team(found), can(request.user, Verb.CONFIGURE, found)
    if row.pk is None:
        row.time_zone = request.user.time_zone
    initial = _chosen(row) | {"time_zone": row.time_zone}
    form = TeamWeeklyForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound:
        require(request.user, Verb.CONFIGURE, found)
        if form.is_valid():
            operations.choose(team=found, **form.cleaned_data, actor=request.user)
            messages.success(request, "Saved.")
            return redirect("oncall:team-weekly", slug)
    now = timezone.now()
    context = {
        "team": found,
        "form": form if manages else None,
        "is_on": row.is_on,
        "next": queries.next_of(row, now=now),
        "preview": operations.team_content(row, now=now),
        "rooms": queries.rooms(found),
        "zones": ZONES if manages else [],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/weekly/team.html", context, status=status)


def _chosen(row: WeeklySummary) -> dict[str, object]:
    return {"is_on": row.is_on, "weekday": row.weekday, "hour": row.hour}
