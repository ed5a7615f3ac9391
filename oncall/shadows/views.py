from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond, require
from core.ui import refusals
from core.ui.render import render
from oncall.schedules import queries as schedules
from oncall.shadows import operations, queries
from oncall.shadows.forms import ShadowForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
def shadows(request: PersonRequest, slug: str) -> HttpResponse:
    """Who shadows in a schedule; a manager adds somebody."""
    schedule = schedules.get(slug)
    manages = can(request.user, Verb.CONFIGURE, schedule.team)
    status = HTTPStatus.OK
    with timezone.override(ZoneInfo(schedule.time_zone)):
        form = ShadowForm(request.POST or None)
        if request.method == "POST":
            require(request.user, Verb.CONFIGURE, schedule.team)
            if form.is_valid():
                with refusals.shown_in(form, "end"):
                    added = operations.add(schedule, **form.cleaned_data, actor=request.user)
                    how = "are paged first" if added.is_reverse else "get the same pages at the same time"
                    messages.success(request, f"Added. They {how}.")
                    return redirect("oncall:shadows", slug)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        context = {
            "schedule": schedule,
            "shadows": queries.of(schedule),
            "form": form if manages else None,
            "manages": manages,
        }
        return render(request, "oncall/shadows/shadows.html", context, status=status)


@require_POST
@may_respond
def end(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """End one now."""
    operations.end(queries.get(schedules.get(slug), pk), actor=request.user)
    messages.success(request, "Ended.")
    return redirect("oncall:shadows", slug)
