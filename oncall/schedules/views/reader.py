"""How somebody looks at calendars: the view and the zone, kept in cookies of their browser."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from oncall.schedules.grid import View

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

ZONES = ("schedule", "utc", "mine")
YEAR = timedelta(days=365)


def view(request: PersonRequest) -> View:
    """The view that was asked for, or the one before."""
    return View(_chosen(request, "view", [str(each) for each in View], View.TWO_WEEKS))


def zone(request: PersonRequest, schedule: Schedule) -> tuple[str, ZoneInfo]:
    """The zone in which hours are shown, by its choice and as itself."""
    chosen = _chosen(request, "zone", ZONES, "schedule")
    names = {"utc": "UTC", "mine": request.user.time_zone}
    return chosen, ZoneInfo(names.get(chosen, schedule.time_zone))


def day(request: PersonRequest, zone: ZoneInfo) -> date:
    """The day from which to show, today where none is named."""
    try:
        asked = parse_date(request.GET.get("from", ""))
    except ValueError:
        asked = None
    return asked if asked and 1990 < asked.year < 2100 else timezone.now().astimezone(zone).date()


def moment(request: PersonRequest, name: str) -> datetime | None:
    """The instant that an address names."""
    try:
        asked = parse_datetime(request.GET.get(name, ""))
    except ValueError:
        return None
    known = asked is not None and asked.tzinfo is not None and 1990 < asked.year < 2100
    return asked.astimezone(UTC) if asked and known else None


def remember(request: PersonRequest, response: HttpResponse) -> HttpResponse:
    """Keep what was chosen on this page for the next one."""
    for name, known in (("view", [str(each) for each in View]), ("zone", ZONES)):
        if request.GET.get(name) in known:
            response.set_cookie(
                f"calendar-{name}",
                request.GET[name],
                max_age=int(YEAR.total_seconds()),
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
    return response


def _chosen(request: PersonRequest, name: str, known: Collection[str], otherwise: str) -> str:
    places = (request.GET.get(name), request.POST.get(name), request.COOKIES.get(f"calendar-{name}"))
    return next((asked for asked in places if asked and asked in known), otherwise)
