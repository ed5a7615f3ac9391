"""The small form in the calendar: who covers a stretch that was drawn, or a shift that was chosen by keyboard."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from core.accounts.policy import may_respond
from core.errors import Refused
from core.ui.render import render
from oncall.schedules import operations, queries
from oncall.schedules.forms import OverrideForm
from oncall.schedules.views import reader

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.schedules.models import Schedule

# What speaks against more time than this, and whom it would suit, is not worked out.
LONGEST = timedelta(weeks=8)
HERE = "here_%s"


@require_http_methods(["GET", "POST"])
@may_respond
def cover(request: PersonRequest, slug: str) -> HttpResponse:
    """Offer to cover `start` to `end`, or the stretch of `at`; once it is sent, put somebody on call."""
    schedule = queries.get(slug)
    chosen, zone = reader.zone(request, schedule)
    with timezone.override(zone):
        if request.method == "GET":
            return _offered(request, schedule, chosen)
        form = OverrideForm(request.POST, schedule=schedule, auto_id=HERE)
        if put_on_call(request, schedule, form):
            answer = render(request, "oncall/schedules/_covered.html")
            return trigger_client_event(answer, f"live:schedule-{schedule.pk}", after="settle")
    context = {"schedule": schedule, "form": form, "zone": chosen, "zone_name": zone.key}
    return render(request, "oncall/schedules/_quick.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def put_on_call(request: PersonRequest, schedule: Schedule, form: OverrideForm) -> bool:
    """Do what a form says, with what speaks against it and what it overlaps; what is refused is said in the form."""
    if not form.is_valid():
        return False
    wanted = form.cleaned_data
    against = queries.against(wanted["user"], wanted["start"], min(wanted["end"], wanted["start"] + LONGEST))
    try:
        made = operations.add_override(schedule, actor=request.user, **wanted)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"{wanted['user']} is on call for that time.")
    for words in against:
        messages.warning(request, f"{wanted['user']}: {words}.")
    for other in queries.overlapping(made):
        messages.info(
            request, f"It overlaps with an override: {other.user or 'nobody'}. This one, entered later, wins."
        )
    return True


def _offered(request: PersonRequest, schedule: Schedule, chosen: str) -> HttpResponse:
    """The form for a stretch that is not over, with who fits it best first."""
    now = timezone.now().replace(second=0, microsecond=0)
    piece = queries.why(schedule, reader.moment(request, "at") or timezone.now()).piece
    start = max(reader.moment(request, "start") or piece.start, now)
    end = reader.moment(request, "end") or piece.end
    is_known = start < end <= start + LONGEST
    own = queries.have(schedule, start, end) if is_known else []
    fits = queries.fitting(schedule, start, end) if is_known else []
    context = {
        "schedule": schedule,
        "form": OverrideForm(
            initial={"start": start, "end": end},
            schedule=schedule,
            fits=[(user, fit) for user, fit in fits if own != [user]],
            auto_id=HERE,
        ),
        "start": start,
        "end": end,
        "own": own,
        "length": end - start if start < end else None,
        "zone": chosen,
        "zone_name": timezone.get_current_timezone_name(),
    }
    return render(request, "oncall/schedules/_quick.html", context)
