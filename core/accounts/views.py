"""The door: sign in, sign out, a forgotten password, the password again."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter
from allauth.account.internal import flows
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.tokens import default_token_generator
from django.forms import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts import client, forms, operations, queries, sign_in, throttle
from core.accounts.policy import public
from core.ui.render import render

if TYPE_CHECKING:
    from django import forms as django_forms
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from core.accounts.models import User

both = require_http_methods(["GET", "HEAD", "POST"])


@public
@both
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for e-mail and password; a person who is signed in goes on."""
    after = _after(request)
    if request.user.is_authenticated and request.method != "POST":
        return HttpResponseRedirect(after)
    form = forms.SignIn(data=request.POST or None, request=request)
    if form.is_bound and form.is_valid():
        answer: HttpResponseBase = form.login(request, redirect_url=after)
        return answer
    return _form(request, "account/login.html", form)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    flows.logout.logout(request, show_message=False)
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@public
@require_safe
def inactive(request: HttpRequest) -> HttpResponse:
    """Say that an account is switched off, to somebody who knew its password."""
    return render(request, "account/account_inactive.html")


@both
@sensitive_post_parameters("password")
def password_again(request: HttpRequest) -> HttpResponse:
    """Ask for the password once more before something that changes how a person is reached or who acts for them."""
    form = forms.PasswordAgain(request.POST or None)
    if form.is_bound and form.is_valid() and _proved(request, form):
        flows.reauthentication.reauthenticate_by_password(request)
        sign_in.note_proof(request)
        return HttpResponseRedirect(_after(request))
    return _form(request, "account/reauthenticate.html", form)


def _proved(request: HttpRequest, form: forms.PasswordAgain) -> bool:
    try:
        if get_adapter(request).reauthenticate(request.user, form.cleaned_data["password"]):
            return True
    except ValidationError as refusal:
        form.add_error(None, refusal)
    else:
        form.add_error("password", "This is not your password.")
    return False


@public
@both
def forgotten(request: HttpRequest) -> HttpResponse:
    """Mail a link to a new password; the answer is the same whether there is an account or not."""
    form = forms.Forgotten(request.POST or None)
    if form.is_bound and form.is_valid():
        email = form.cleaned_data["email"]
        if throttle.may_mail(email, address=client.address(request)):
            operations.ask_for_reset(email)
        return redirect("account_reset_password_done")
    return _form(request, "account/password_reset.html", form)


@public
@require_safe
def forgotten_done(request: HttpRequest) -> HttpResponse:
    """Say where to look now."""
    return render(request, "account/password_reset_done.html")


@public
@both
@sensitive_post_parameters("password")
def choose_password(request: HttpRequest, uid: str, token: str) -> HttpResponseBase:
    """Set a new password by a link from a mail. Looking at the page uses nothing up."""
    user = _by_link(uid, token)
    if user is None:
        context: dict[str, Any] = {"token_fail": True}
        return _secret(
            render(request, "account/password_reset_from_key.html", context, status=HTTPStatus.NOT_FOUND)
        )
    form = forms.NewPassword(request.POST or None, user=user)
    if form.is_bound and form.is_valid():
        operations.set_password(user, password=form.cleaned_data["password"], by_link=True)
        messages.success(request, "Your password is changed. Everybody who used the old one is signed out.")
        answer: HttpResponseBase = flows.password_reset.perform_password_reset_login(
            request, user, email=user.email
        )
        return answer
    return _secret(_form(request, "account/password_reset_from_key.html", form, action_url=request.path))


def _by_link(uid: str, token: str) -> User | None:
    try:
        user = queries.person(int(urlsafe_base64_decode(uid)))
    except ValueError:
        return None
    return user if user is not None and default_token_generator.check_token(user, token) else None


def _secret(response: HttpResponse) -> HttpResponse:
    """Keep an address that is a secret from the pages that are opened next."""
    response["Referrer-Policy"] = "no-referrer"
    return response


def _after(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    found: str = wanted if get_adapter(request).is_safe_url(wanted) else settings.HOME_URL
    return found


def _form(request: HttpRequest, template: str, form: django_forms.Form, **context: Any) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, template, {"form": form, "next": _after(request), **context}, status=status)
