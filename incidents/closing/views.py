from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from core.accounts.policy import may_respond
from core.ui import refusals
from core.ui.render import render
from incidents.closing import operations, queries
from incidents.closing.forms import AccountForm
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@may_respond
def account(request: PersonRequest, number: int) -> HttpResponse:
    """What customers read of what happened, once it is over: a draft to change, as they will see it."""
    incident = lifecycle.get(request.user, number)
    public = queries.account(incident, actor=request.user)
    if public is None:
        raise Http404("Customers are told what happened once it is over.")
    form = AccountForm(request.POST if request.method == "POST" else None, public=public)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            is_out = operations.tell_account(incident, text=form.public_text, actor=request.user)
            messages.success(
                request,
                "Customers are told." if is_out else "It waits for approval. Nothing is published yet.",
            )
            return redirect("incidents:room", incident.number)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"incident": incident, "form": form, "public": public}
    return render(request, "incidents/closing/account.html", context, status=status)
