from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts import sign_in
from core.accounts.models import User
from core.accounts.policy import may_configure, public
from core.people.invitations import forms, operations, queries
from core.ui import refusals
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

both = require_http_methods(["GET", "HEAD", "POST"])


@may_configure
@both
def invite(request: PersonRequest) -> HttpResponse:
    """Invite somebody by mail."""
    form = forms.Invite(request.POST or None, actor=request.user)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form, "email"):
            operations.invite(**form.cleaned_data, actor=request.user)
            messages.success(request, f"{form.cleaned_data['email']} is invited, for a week.")
            return redirect("people:list")
    return _form(request, "people/invitations/invite.html", form)


@may_configure
@require_POST
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(queries.manageable(request.user), pk=pk)
    operations.revoke(invitation, actor=request.user)
    messages.success(request, f"The invitation of {invitation.email} no longer works.")
    return redirect("people:list")


@public
@both
@sensitive_post_parameters("password")
def accept(request: PersonRequest, token: str) -> HttpResponse:
    """Let the invited person in. Looking at the page uses nothing up."""
    invitation = queries.find(token)
    if invitation is None:
        return _secret(render(request, "people/invitations/gone.html", status=HTTPStatus.NOT_FOUND))
    form = forms.Accept(request.POST or None, user=User(email=invitation.email))
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            user = operations.accept(invitation, **form.cleaned_data)
            sign_in.begin(request, user)
            messages.success(request, "Welcome. Say next how you can be reached when you are on call.")
            return redirect(settings.HOME_URL)
    return _secret(_form(request, "people/invitations/accept.html", form, invitation=invitation))


def _form(request: PersonRequest, template: str, form: object, **context: object) -> HttpResponse:
    bound = getattr(form, "is_bound", False)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bound else HTTPStatus.OK
    return render(request, template, {"form": form, **context}, status=status)


def _secret(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    return response
