from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, require
from core.ui import refusals
from core.ui.render import render
from oncall.schedules import operations, queries, registry
from oncall.schedules.forms import DeleteForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PersonRequest, slug: str) -> HttpResponse:
    """What deleting a schedule changes, or what it is used by; and delete it."""
    schedule = queries.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    form = DeleteForm(request.POST or None, initial={"version": schedule.version})
    if request.method == "POST" and form.is_valid():
        with refusals.shown_in(form):
            operations.delete(schedule, version=form.cleaned_data["version"], actor=request.user)
            messages.success(request, f"{schedule} is deleted. What was stays as it was.")
            return redirect("oncall:schedules")
    now = timezone.now()
    context = {
        "schedule": schedule,
        "form": form,
        "seen": schedule.version,
        "now": now,
        "watch": queries.watch(schedule, at=now),
        "reaching": registry.reaching(schedule.pk),
        "behind": queries.behind(schedule),
        "told": queries.told(operations.without(schedule)),
        "ending": registry.ending(schedule.pk),
    }
    status = HTTPStatus.CONFLICT if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/schedules/delete.html", context, status=status)


@require_GET
def deleted(request: PersonRequest) -> HttpResponse:
    """The schedules that were deleted; who may configure one can restore it."""
    rows = [(row, can(request.user, Verb.CONFIGURE, row.team)) for row in queries.deleted()]
    return render(request, "oncall/schedules/deleted.html", {"rows": rows})


@require_POST
def undelete(request: PersonRequest, slug: str) -> HttpResponse:
    """Restore a schedule that was deleted."""
    schedule = queries.get_deleted(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    operations.undelete(schedule, actor=request.user)
    messages.success(
        request, f"{schedule} is restored: its rotations count again from now on. No policy asks it yet."
    )
    return redirect("oncall:calendar", schedule.slug)
