from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.ui.render import render
from oncall.schedules import grid, operations, queries, registry
from oncall.schedules.forms import OverrideForm, WhoForm
from oncall.schedules.views import covering, reader

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

NAMES = {
    grid.View.DAY: "Day",
    grid.View.WEEK: "Week",
    grid.View.TWO_WEEKS: "2 weeks",
    grid.View.MONTH: "Month",
    grid.View.LIST: "List",
}


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Who has each schedule, until when, who is next, and who asks them; of `?team=` or for `?service=` alone."""
    now = timezone.now()
    form = WhoForm(request.GET, user=request.user)
    read = queries.resolve(None, start=now, end=now + queries.HORIZON)
    gaps = queries.coming_gaps(now=now, read=read)
    found = queries.asked(at=now, read=read, **form.cleaned_data) if form.is_valid() else []
    shifts = queries.shifts_of(request.user, start=now, end=now + timedelta(days=28), read=read)
    context = {
        "rows": [
            {"watch": one.watch, "reaches": one.reaches, "gap": gaps.get(one.watch.schedule.pk)}
            for one in found
        ],
        "form": form,
        "is_filtered": any(form.cleaned_data.values()) or bool(form.errors),
        "shifts": shifts[:8],
        "deleted": queries.deleted().count(),
        "may_create": can(request.user, Verb.CONFIGURE),
    }
    return render(request, "oncall/schedules/index.html", context)


@require_GET
def calendar(request: PersonRequest, slug: str) -> HttpResponse:
    """One schedule from `?from=YYYY-MM-DD`, by day to month or as a list, in its zone, UTC or the reader's own."""
    schedule = queries.get(slug)
    return reader.remember(request, _calendar(request, schedule, OverrideForm(schedule=schedule)))


@require_GET
def calendar_region(request: PersonRequest, slug: str) -> HttpResponse:
    """The calendar alone, for live updates."""
    return render(request, "oncall/schedules/_calendar.html", _context(request, queries.get(slug)))


@require_GET
def on_call_now(request: PersonRequest) -> HttpResponse:
    """The fragment on the board: who has each schedule, and the next gap."""
    now = timezone.now()
    read = queries.resolve(None, start=now, end=now + queries.HORIZON)
    gaps = queries.coming_gaps(now=now, days=7, read=read)
    watches = queries.watches(at=now, read=read)
    context = {
        "watches": watches,
        "gaps": [(watch, gaps[watch.schedule.pk]) for watch in watches if watch.schedule.pk in gaps],
    }
    return render(request, "oncall/schedules/_on_call_now.html", context)


@require_POST
@may_respond
def add_override(request: PersonRequest, slug: str) -> HttpResponse:
    """Put somebody on call for a stretch of time."""
    schedule = queries.get(slug)
    _, zone = reader.zone(request, schedule)
    with timezone.override(zone):
        form = OverrideForm(request.POST, schedule=schedule)
        if covering.put_on_call(request, schedule, form):
            return redirect("oncall:calendar", slug)
    return _calendar(request, schedule, form, status=409 if form.is_refused else 422)


@require_POST
@may_respond
def cancel_override(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take an override back."""
    override = queries.override(queries.get(slug), pk)
    try:
        operations.cancel_override(override, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Override cancelled.")
    return redirect("oncall:calendar", slug)


def _context(request: PersonRequest, schedule: Schedule) -> dict[str, Any]:
    chosen, zone = reader.zone(request, schedule)
    view = reader.view(request)
    day = reader.day(request, zone)
    frame = grid.frame(view, day)
    now = timezone.now()
    drawn = queries.calendar(
        schedule, first=frame.first, days=frame.days, zone=zone, now=now, unit=frame.unit
    )
    window = drawn.window
    marks = registry.marks(
        registry.Seen(schedule.pk, window.start, window.end, zone, drawn.pieces, request.user)
    )
    return {
        "schedule": schedule,
        "cal": drawn,
        "days": [(each, [mark for mark in marks.get(each.on, []) if mark.word]) for each in window.days],
        "notes": [(on, mark) for on, some in sorted(marks.items()) for mark in some if mark.said],
        # What is over cannot be covered.
        "gaps": [gap for gap in drawn.gaps if gap.end > now],
        "frame": frame,
        "day": day,
        "view": view,
        "views": [(each, NAMES[each]) for each in grid.View],
        "may_cover": can(request.user, Verb.RESPOND),
        "may_edit": can(request.user, Verb.CONFIGURE, schedule.team),
        "zone": chosen,
        "zone_name": zone.key,
        "now": now,
    }


def _calendar(
    request: PersonRequest, schedule: Schedule, form: OverrideForm, *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context = _context(request, schedule) | {
        "form": form,
        "watch": queries.watch(schedule, at=now),
        "reaching": registry.reaching(schedule.pk),
        "notices": registry.notices(schedule.pk, now),
        "offers": registry.offers(schedule, request.user, now),
        "sources": registry.sources(schedule),
        "mine": [
            shift
            for shift in queries.shifts_of(request.user, start=now, end=now + timedelta(days=56))
            if shift.schedule_id == schedule.pk
        ][:5],
    }
    return render(request, "oncall/schedules/calendar.html", context, status=status)
