from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, require
from core.errors import Refused
from core.ui.render import render
from oncall.schedules import operations, queries
from oncall.schedules.forms import WhenForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

# As many of the latest are listed.
SHOWN = 200


@require_GET
def versions(request: PersonRequest, slug: str) -> HttpResponse:
    """Everything that was saved of a schedule."""
    schedule = queries.get(slug)
    context = {
        "schedule": schedule,
        "rows": [(row, queries.standing(row, timezone.now())) for row in queries.versions(schedule)[:SHOWN]],
        "may_edit": can(request.user, Verb.CONFIGURE, schedule.team),
    }
    return render(request, "oncall/schedules/versions.html", context)


@require_GET
def version(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """One version: what it says, and what would be otherwise from now on by it than by the one that counts."""
    return _version(request, queries.get(slug), number)


@require_POST
def restore(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Let a version count again from a moment on."""
    schedule = queries.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    with timezone.override(ZoneInfo(schedule.time_zone)):
        form = WhenForm(request.POST)
        valid = form.is_valid()
    if valid:
        try:
            saved = operations.restore(
                schedule,
                queries.version(schedule, number).number,
                effective_at=form.cleaned_data["effective_at"],
                version=form.cleaned_data["version"],
                accepts_gaps=form.cleaned_data["gaps"],
                actor=request.user,
            )
        except Refused as refusal:
            form.asks_gaps = isinstance(refusal, operations.OpensGaps)
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Version {number} is restored as version {saved.number}.")
            return redirect("oncall:schedule-versions", slug)
    return _version(request, schedule, number, form)


@require_POST
def withdraw(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Drop a version that is planned."""
    schedule = queries.get(slug)
    require(request.user, Verb.CONFIGURE, schedule.team)
    operations.withdraw(schedule, queries.version(schedule, number).number, actor=request.user)
    messages.success(request, f"Version {number} is withdrawn. The one before it goes on.")
    return redirect("oncall:schedule-versions", slug)


def _version(
    request: PersonRequest, schedule: Schedule, number: int, form: WhenForm | None = None
) -> HttpResponse:
    now = timezone.now()
    row, current = queries.version(schedule, number), queries.version_at(schedule, now)
    rotations = [
        (layer, queries.rhythm(queries.layer_value(layer)), queries.turns(layer))
        for layer in queries.layers_of(row)
    ]
    differs = current is not None and current.number != row.number
    context = {
        "schedule": schedule,
        "row": row,
        "standing": queries.standing(row, now),
        "current": current,
        "rotations": rotations,
        "terms": operations.terms_of(row),
        "told": (
            queries.told(operations.difference(schedule, current.number, row.number))
            if differs and current
            else None
        ),
        "form": form or WhenForm(initial={"version": schedule.version}),
        "may_edit": can(request.user, Verb.CONFIGURE, schedule.team),
    }
    status = 422 if form is not None else 200
    return render(request, "oncall/schedules/version.html", context, status=status)
