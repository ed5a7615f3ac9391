from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import may_respond
from core.errors import Refused
from core.live.regions import region
from core.ui.render import render
from incidents.lifecycle import queries as incidents
from incidents.watching import queries as watching
from oncall.alerts import operations as alerts
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.inbox import operations, queries
from oncall.inbox.forms import AttachForm, DeclareForm, FixForm, SnoozeForm, VerdictForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.alerts.models import Alert


TOGETHER = 100


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Alerts by tab: `?show=` needs, open, snoozed or closed; `?q=` searches titles and services."""
    return render(request, "oncall/inbox/index.html", _list(request))


@require_GET
def list_region(request: PersonRequest) -> HttpResponse:
    """The list alone, for live updates."""
    return render(request, "oncall/inbox/_list.html", _list(request))


def _list(request: PersonRequest) -> dict[str, object]:
    show = request.GET.get("show", queries.NEEDS)
    tab = show if show in queries.TABS else queries.NEEDS
    try:
        page = max(1, min(1000, int(request.GET.get("page", "1"))))
    except ValueError as error:
        raise BadRequest("page is a number") from error
    search = request.GET.get("q", "")[:100].replace("\x00", "")
    found = queries.inbox(
        request.user, tab=tab, search=search, service=request.GET.get("service", "")[:60], page=page
    )
    return {"inbox": found, "tab": tab, "search": search, "page": page}


@require_GET
def together(request: PersonRequest, pk: int) -> HttpResponse:
    """What a channel was told of together in a storm, alert by alert, as each stands now."""
    found = Paginator(escalations.told_together(request.user, pk), TOGETHER)
    context = {"chunk": found.get_page(request.GET.get("page")), "count": found.count}
    return render(request, "oncall/inbox/together.html", context)


@require_GET
def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One alert: what it says, who has it, what happens next, and who was paged how."""
    return _detail(request, queries.get(request.user, pk), "oncall/inbox/alert.html")


@require_GET
def detail_region(request: PersonRequest, pk: int) -> HttpResponse:
    """The alert alone, for live updates."""
    return _detail(request, queries.get(request.user, pk), "oncall/inbox/_alert.html")


def _detail(request: PersonRequest, alert: Alert, template: str, *, status: int = 200) -> HttpResponse:
    context = {"detail": queries.detail(request.user, alert), "alert": alert}
    return render(request, template, context, status=status)


@require_POST
@may_respond
def acknowledge(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the alert; nobody else is woken for it."""
    alert = queries.get(request.user, pk)

    def act() -> str:
        held = escalation.acknowledge(alert=alert, actor=request.user)
        if held.said:
            return f"{held.said}."
        return (
            "You have it. Nobody else will be woken."
            if held.by == request.user
            else f"{held.by} has it already."
        )

    return _do(request, alert, act)


@require_POST
@may_respond
def unacknowledge(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the alert back; escalation goes on."""
    alert = queries.get(request.user, pk)
    return _do(
        request,
        alert,
        lambda: escalation.unacknowledge(alert=alert, actor=request.user),
        "Given back. Whoever is next is asked.",
    )


@require_POST
@may_respond
def resolve(request: PersonRequest, pk: int) -> HttpResponse:
    """Say that it is over."""
    alert = queries.get(request.user, pk)
    return _do(request, alert, lambda: escalation.resolve(alert=alert, actor=request.user), "Resolved.")


@require_POST
@may_respond
def escalate(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask the next level now."""
    alert = queries.get(request.user, pk)
    return _do(
        request,
        alert,
        lambda: escalation.escalate_now(alert=alert, actor=request.user),
        "The next level is asked now.",
    )


@require_POST
@may_respond
def snooze(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask nobody for a while, then start from the top."""
    alert = queries.get(request.user, pk)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return _detail(request, alert, "oncall/inbox/alert.html", status=422)
    span, zone = form.cleaned_data["span"], timezone.get_current_timezone()
    said = "Snoozed. Nobody is asked until then."
    return _do(
        request, alert, lambda: operations.snooze(alert, span=span, zone=zone, actor=request.user), said
    )


@require_POST
@may_respond
def judge(request: PersonRequest, pk: int) -> HttpResponse:
    """Say whether an alert that is over was worth waking somebody."""
    alert = queries.get(request.user, pk)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return _detail(request, alert, "oncall/inbox/alert.html", status=422)
    verdict = form.cleaned_data["verdict"]
    said = f"Noted: {verdict.label.lower()}."
    return _do(
        request, alert, lambda: alerts.judge_alert(alert.pk, verdict=verdict, actor=request.user), said
    )


@require_POST
@may_respond
def declare(request: PersonRequest, pk: int) -> HttpResponse:
    """Make an incident of it, with everything carried over, and go to its room."""
    alert = queries.get(request.user, pk)
    form = DeclareForm(request.POST)
    if not form.is_valid():
        return _detail(request, alert, "oncall/inbox/alert.html", status=422)
    try:
        incident = operations.declare(alert, actor=request.user, title=form.cleaned_data["title"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("oncall:alert", pk)
    messages.success(request, f"{incident} declared.")
    return redirect("incidents:room", incident.number)


@require_POST
@may_respond
def fix(request: PersonRequest, pk: int) -> HttpResponse:
    """Say that it is no incident and have its rule put right."""
    alert = queries.get(request.user, pk)
    people = queries.fixers(request.user, alert)
    form = FixForm(request.POST, people=people)
    if not form.is_valid():
        return _detail(request, alert, "oncall/inbox/alert.html", status=422)
    owner = form.cleaned_data["owner"] or people[0]
    what = form.cleaned_data["what"]
    said = f"Ended. {owner} has it as an action item."
    return _do(
        request, alert, lambda: operations.ask_to_fix(alert, what=what, owner=owner, actor=request.user), said
    )


@require_POST
@may_respond
def attach(request: PersonRequest, pk: int) -> HttpResponse:
    """Make it part of an incident that is open already."""
    alert = queries.get(request.user, pk)
    form = AttachForm(request.POST)
    if not form.is_valid():
        return _detail(request, alert, "oncall/inbox/alert.html", status=422)
    incident = incidents.get(request.user, form.cleaned_data["number"])
    said = f"Part of {incident} now."
    return _do(request, alert, lambda: operations.attach(alert, incident=incident, actor=request.user), said)


def _do(request: PersonRequest, alert: Alert, act: Callable[[], object], said: str = "") -> HttpResponse:
    """Do it and say so, in its own words where none are given."""
    try:
        done = act()
        messages.success(request, said or str(done))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("oncall:alert", alert.pk)


@region(watching.alike)
@require_GET
def incident_alerts(request: PersonRequest, number: int) -> HttpResponse:
    """The fragment in the incident room: its alerts."""
    incident, alerts = queries.of_incident(request.user, number)
    return render(request, "oncall/inbox/_incident_alerts.html", {"incident": incident, "alerts": alerts})


@region(watching.alike)
@require_GET
def incident_pages(request: PersonRequest, number: int) -> HttpResponse:
    """The fragment in the incident room: who was paged, hop by hop."""
    incident, ledger = queries.pages_of_incident(request.user, number)
    return render(request, "oncall/inbox/_incident_pages.html", {"incident": incident, "ledger": ledger})


@require_GET
def service_panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The fragment on a service's page: who is on call for it, and its open alerts."""
    return render(
        request, "oncall/inbox/_service_panel.html", {"panel": queries.service_panel(request.user, slug)}
    )


@require_GET
def open_pages(request: PersonRequest) -> HttpResponse:
    """The fragment on the board: who was asked and has not answered."""
    return render(request, "oncall/inbox/_open_pages.html", {"ledger": queries.open_pages(request.user)})
