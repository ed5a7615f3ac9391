from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_GET

from core.ui.render import render
from oncall.lookahead import queries
from oncall.schedules import queries as schedules

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def everything(request: PersonRequest) -> HttpResponse:
    """What is wrong with any schedule in the next two weeks."""
    found = queries.worries(timezone.now())
    rows = [(row, found[row.pk]) for row in schedules.schedules() if found.get(row.pk)]
    return render(request, "oncall/lookahead/everything.html", {"rows": rows})


@require_GET
def ahead(request: PersonRequest, slug: str) -> HttpResponse:
    """What is wrong with one schedule, why, and what mends it."""
    schedule = schedules.get(slug)
    context = {"schedule": schedule, "worries": queries.worries_of(schedule, timezone.now())}
    return render(request, "oncall/lookahead/ahead.html", context)


@require_GET
def panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The same as a panel on the schedule's page."""
    schedule = schedules.get(slug)
    context = {"schedule": schedule, "worries": queries.worries_of(schedule, timezone.now())}
    return render(request, "oncall/lookahead/_panel.html", context)
