from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.policy import admin_only
from core.accounts.sign_in import password_again
from core.people.directory import queries as directory
from core.people.erasure import operations, queries
from core.people.erasure.forms import EraseAddressForm, EraseForm
from core.ui import refusals
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest

both = require_http_methods(["GET", "HEAD", "POST"])


@admin_only
@password_again
@both
def erase(request: PersonRequest, pk: int) -> HttpResponse:
    """Erase a person: what goes, what stays, and the box to tick."""
    found = get_object_or_404(directory.people(request.user), pk=pk, erased_at=None)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            said = form.cleaned_data
            gone = operations.erase(found, reason=said["reason"], also=said["also"], actor=request.user)
            messages.success(request, f"It is done: what they did stands under {gone}.")
            return redirect("people:person", pk)
    context = {"person": found, "form": form, "outlook": queries.outlook(found)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/erasure/erase.html", context, status=status)


@admin_only
@password_again
@both
def erase_address(request: PersonRequest) -> HttpResponse:
    """Erase the address of somebody who has no account."""
    form = EraseAddressForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            said = form.cleaned_data
            instead = operations.erase_address(said["email"], reason=said["reason"], actor=request.user)
            messages.success(request, f"The address is gone. Where it stood there is {instead} now.")
            return redirect("people:list")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/erasure/address.html", {"form": form}, status=status)


@password_again
@require_POST
def export(request: PersonRequest, pk: int) -> HttpResponse:
    """All that is kept about a person, to be saved: for themselves, and for admins."""
    found = get_object_or_404(directory.people(request.user), pk=pk)
    if not queries.may_export(request.user, found):
        raise Http404
    return saved(found, actor=request.user)


def saved(user: User, *, actor: User) -> HttpResponse:
    """Answer with what is kept about a person."""
    found = operations.export(user, actor=actor)
    response = JsonResponse(
        found, encoder=DjangoJSONEncoder, json_dumps_params={"indent": 1, "ensure_ascii": False}
    )
    response["Content-Disposition"] = f'attachment; filename="person-{user.pk}.json"'
    return response
