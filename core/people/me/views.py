from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.forms import ValidationError
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts import operations, sign_in
from core.people.me import forms, queries
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

both = require_http_methods(["GET", "HEAD", "POST"])


@both
def profile(request: PersonRequest) -> HttpResponse:
    """Who I am: name, zone, teams, browsers, and the ways to the rest of my settings."""
    initial = {"name": request.user.name, "time_zone": request.user.time_zone}
    form = forms.Profile(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid():
        operations.update_profile(request.user, **form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("people:me")
    context = {
        "form": form,
        "memberships": request.user.memberships.select_related("team").order_by("team__name"),
        "browsers": queries.browsers(request.user, here=_here(request)),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/me/profile.html", context, status=status)


@both
@sensitive_post_parameters("old", "password")
def password(request: PersonRequest) -> HttpResponse:
    """Change my password; every other browser is signed out."""
    form = forms.ChangePassword(request.POST or None, user=request.user)
    if form.is_bound and form.is_valid() and _is_mine(request, form):
        operations.set_password(request.user, password=form.cleaned_data["password"], keep=[_here(request)])
        update_session_auth_hash(request, request.user)
        sign_in.note_proof(request)
        messages.success(request, "Your password is changed. You are signed out everywhere else.")
        return redirect("people:me")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/me/password.html", {"form": form}, status=status)


@require_POST
def end_session(request: PersonRequest, key: str) -> HttpResponse:
    """Sign one of my browsers out."""
    operations.end_session(request.user, session_key=key)
    messages.success(request, "That browser is signed out.")
    return redirect("people:me")


@require_POST
def end_other_sessions(request: PersonRequest) -> HttpResponse:
    """Sign out every browser of mine but this one."""
    operations.end_other_sessions(request.user, keep=_here(request))
    messages.success(request, "You are signed out everywhere else.")
    return redirect("people:me")


def _here(request: PersonRequest) -> str:
    key: str = getattr(request.session, "row_key", "")
    return key


def _is_mine(request: PersonRequest, form: forms.ChangePassword) -> bool:
    try:
        if get_adapter(request).reauthenticate(request.user, form.cleaned_data["old"]):
            return True
    except ValidationError as refusal:
        form.add_error(None, refusal)
    else:
        form.add_error("old", "This is not your password.")
    return False
