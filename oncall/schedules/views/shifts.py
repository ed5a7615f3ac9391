from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_GET

from core.accounts.policy import Verb, can
from core.ui.render import render
from oncall.schedules import queries, registry
from oncall.schedules.forms import OverrideForm
from oncall.schedules.views import reader

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

AHEAD = timedelta(weeks=12)
# Whom more time than this would suit is not worked out.
LONGEST = timedelta(weeks=8)


@require_GET
def shift(request: PersonRequest, slug: str) -> HttpResponse:
    """One stretch of a schedule: who has it, why, and a form to cover it."""
    schedule = queries.get(slug)
    chosen, zone = reader.zone(request, schedule)
    now = timezone.now().replace(second=0, microsecond=0)
    found = queries.why(schedule, reader.moment(request, "at") or timezone.now())
    piece = found.piece
    is_over = piece.end <= now
    may_cover = can(request.user, Verb.RESPOND) and not is_over
    start = reader.moment(request, "start") or max(piece.start, now)
    end = reader.moment(request, "end") or piece.end
    replaces = piece.users[0] if len(piece.users) == 1 else None
    fits = queries.fitting(schedule, start, end) if may_cover and start < end <= start + LONGEST else []
    context = {
        "schedule": schedule,
        "why": found,
        "zone": chosen,
        "zone_name": zone.key,
        "is_over": is_over,
        "may_cover": may_cover,
        "form": OverrideForm(
            initial={"start": start, "end": end, "replaces": replaces},
            schedule=schedule,
            fits=[(user, fit) for user, fit in fits if user.pk not in piece.users],
        ),
        "may_edit": can(request.user, Verb.CONFIGURE, schedule.team),
    }
    return render(request, "oncall/schedules/shift.html", context)


@require_GET
def mine(request: PersonRequest) -> HttpResponse:
    """My shifts of the next twelve weeks, in every schedule."""
    now = timezone.now()
    shifts = queries.shifts_of(request.user, start=now, end=now + AHEAD)
    named = queries.schedules().filter(pk__in={each.schedule_id for each in shifts})
    slugs = dict(named.values_list("pk", "slug"))
    context = {
        "rows": [(each, slugs[each.schedule_id]) for each in shifts],
        "length": sum((each.end - each.start for each in shifts), timedelta()),
        "whose": queries.whose(shifts),
        "wishes": registry.wishes(request.user),
        "on_call": bool(shifts) and shifts[0].start <= now,
    }
    return render(request, "oncall/schedules/mine.html", context)
