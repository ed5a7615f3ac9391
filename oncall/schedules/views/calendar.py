from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import Verb, can, may_respond
from core.errors import Refused
from core.ui.render import render
from oncall.schedules import grid, operations, queries
from oncall.schedules.forms import OverrideForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

DAYS = 14


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Every schedule: who has it, until when, who is next, and the next gap."""
    now = timezone.now()
    gaps = queries.coming_gaps(now=now)
    rows = [{"watch": watch, "gap": gaps.get(watch.schedule.pk)} for watch in queries.watches(at=now)]
    shifts = queries.shifts_of(request.user, start=now, end=now + timedelta(days=28))
    context = {"rows": rows, "shifts": shifts[:8], "may_create": can(request.user, Verb.CONFIGURE)}
    return render(request, "oncall/schedules/index.html", context)


@require_GET
def calendar(request: PersonRequest, slug: str) -> HttpResponse:
    """Two weeks of one schedule from `?from=YYYY-MM-DD`, in the schedule's zone, UTC or the reader's own."""
    return _calendar(request, queries.get(slug), OverrideForm())


@require_GET
def calendar_region(request: PersonRequest, slug: str) -> HttpResponse:
    """The calendar alone, for live updates."""
    return render(request, "oncall/schedules/_calendar.html", _context(request, queries.get(slug)))


@require_GET
def on_call_now(request: PersonRequest) -> HttpResponse:
    """The fragment on the board: who has each schedule, and the next gap."""
    now = timezone.now()
    gaps = queries.coming_gaps(now=now, days=7)
    watches = queries.watches(at=now)
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
    _, zone = _zone(request, schedule)
    with timezone.override(zone):
        form = OverrideForm(request.POST)
        valid = form.is_valid()
    if not valid:
        return _calendar(request, schedule, form, status=422)
    try:
        operations.add_override(schedule, actor=request.user, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _calendar(request, schedule, form, status=409)
    messages.success(request, f"{form.cleaned_data['user']} is on call for that time.")
    return redirect("oncall:calendar", slug)


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


def _zone(request: PersonRequest, schedule: Schedule) -> tuple[str, ZoneInfo]:
    chosen = request.GET.get("zone") or request.POST.get("zone") or "schedule"
    names = {"utc": "UTC", "mine": request.user.time_zone}
    return chosen if chosen in names else "schedule", ZoneInfo(names.get(chosen, schedule.time_zone))


def _first(request: PersonRequest, zone: ZoneInfo) -> date:
    try:
        asked = parse_date(request.GET.get("from", ""))
    except ValueError:
        asked = None
    day = asked if asked and 1990 < asked.year < 2100 else timezone.now().astimezone(zone).date()
    return grid.monday_of(day)


def _context(request: PersonRequest, schedule: Schedule) -> dict[str, Any]:
    chosen, zone = _zone(request, schedule)
    first = _first(request, zone)
    now = timezone.now()
    return {
        "schedule": schedule,
        "cal": queries.calendar(schedule, first=first, days=DAYS, zone=zone, now=now),
        "zone": chosen,
        "zone_name": zone.key,
        "first": first,
        "last": first + timedelta(days=DAYS - 1),
        "back": first - timedelta(days=DAYS),
        "forward": first + timedelta(days=DAYS),
        "now": now,
    }


def _calendar(
    request: PersonRequest, schedule: Schedule, form: OverrideForm, *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context = _context(request, schedule) | {
        "form": form,
        "watch": queries.watches([schedule.pk], at=now)[0],
        "mine": [
            shift
            for shift in queries.shifts_of(request.user, start=now, end=now + timedelta(days=56))
            if shift.schedule_id == schedule.pk
        ][:5],
        "may_edit": can(request.user, Verb.CONFIGURE, schedule.team),
    }
    return render(request, "oncall/schedules/calendar.html", context, status=status)
