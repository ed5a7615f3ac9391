from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import Verb, can
from core.ui import refusals
from core.ui.render import render
from incidents.audiences.models import Page
from incidents.customer_reports import operations as customer_reports
from incidents.customer_reports.forms import CustomerReportForm
from incidents.lifecycle.rules import Status
from incidents.readouts import queries, rules
from incidents.subscriptions import queries as subscriptions
from incidents.ties import queries as ties

if TYPE_CHECKING:
    from core.accounts.requests import PersonRequest
    from incidents.lifecycle.models import Incident

SAME: dict[str, str] = {
    Page.STAKEHOLDERS: "incidents:for-stakeholders",
    Page.SUPPORT: "incidents:for-support",
}
"""Where one reads on about the incident into which this one was merged."""


@require_GET
def for_stakeholders(request: PersonRequest, number: int) -> HttpResponse:
    """An incident for those who wait for its end: calm, read only."""
    incident = queries.get(request.user, number, Page.STAKEHOLDERS)
    context = {
        **_about(request, incident, Page.STAKEHOLDERS),
        "mine": subscriptions.mine(request.user, incident),
    }
    return render(request, "incidents/readouts/stakeholders.html", context)


@require_GET
def for_stakeholders_now(request: PersonRequest, number: int) -> HttpResponse:
    """The living middle of it."""
    incident = queries.get(request.user, number, Page.STAKEHOLDERS)
    return render(
        request, "incidents/readouts/_stakeholders.html", _about(request, incident, Page.STAKEHOLDERS)
    )


def _about(request: PersonRequest, incident: Incident, page: str) -> dict[str, Any]:
    return {
        "incident": incident,
        "readout": queries.readout(incident, page),
        "survivor": ties.survivor(request.user, incident),
        "same_page": SAME[page],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def for_support(request: PersonRequest, number: int) -> HttpResponse:
    """What support may say, and what customers report."""
    incident = queries.get(request.user, number, Page.SUPPORT)
    if request.method == "POST" and not can(request.user, Verb.RESPOND):
        raise PermissionDenied
    form = CustomerReportForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            customer_reports.note(incident, **form.cleaned_data, actor=request.user)
            messages.success(request, "Counted. The room sees it.")
            return redirect("incidents:for-support", number)
    context = {**_support(request, incident), "form": form}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/readouts/support.html", context, status=status)


@require_GET
def for_support_now(request: PersonRequest, number: int) -> HttpResponse:
    """The living middle of it."""
    incident = queries.get(request.user, number, Page.SUPPORT)
    return render(request, "incidents/readouts/_support.html", _support(request, incident))


def _support(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    return {
        **_about(request, incident, Page.SUPPORT),
        "support": queries.support(request.user, incident),
        "may_act": can(request.user, Verb.RESPOND) and incident.status != Status.CLOSED,
    }


@require_GET
def executive_summary(request: PersonRequest, number: int) -> HttpResponse:
    """The summary for whoever has a minute, to read, print or take along as Markdown."""
    incident = queries.get(request.user, number, Page.SUMMARY)
    sections = queries.summary(incident)
    if request.GET.get("format") == "markdown":
        return HttpResponse(
            rules.markdown(str(incident), sections), content_type="text/markdown; charset=utf-8"
        )
    context = {"incident": incident, "sections": sections}
    return render(request, "incidents/readouts/summary.html", context)
