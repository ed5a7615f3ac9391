"""How ready a service is: in short on its page, and on a page of its own where people answer. All plain forms."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import Verb, can, may_respond
from core.ui import refusals
from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.readiness import operations, queries
from incidents.readiness.forms import AnswerForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.catalog.models import Service


@require_GET
def panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The fragment on the page of a service."""
    service = catalog.get(request.user, slug)
    context = {"service": service, "review": queries.review(request.user, service)}
    return render(request, "incidents/readiness/_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest, slug: str) -> HttpResponse:
    """All items with what is known, and a form for each."""
    service = catalog.get(request.user, slug)
    return _answer(request, service) if request.method == "POST" else _page(request, service, None)


@may_respond
def _answer(request: PersonRequest, service: Service) -> HttpResponse:
    form = AnswerForm(request.POST)
    if form.is_valid():
        with refusals.shown_in(form, "note"):
            operations.answer(service, **form.cleaned_data, actor=request.user)
            messages.success(request, "Noted.")
            return redirect("incidents:service-readiness", service.slug)
    return _page(request, service, form)


def _page(request: PersonRequest, service: Service, form: AnswerForm | None) -> HttpResponse:
    context = {
        "service": service,
        "review": queries.review(request.user, service),
        "form": form,
        "wrong": form.data.get("item", "") if form else "",
        "may_act": can(request.user, Verb.RESPOND),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK
    return render(request, "incidents/readiness/index.html", context, status=status)
