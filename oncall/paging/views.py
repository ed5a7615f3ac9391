from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.sign_in import password_again
from core.channels.push import vapid
from core.errors import Refused
from core.ui import refusals
from core.ui.render import render
from oncall.paging import operations, queries
from oncall.paging.forms import BrowserForm, CodeForm, MethodForm, RuleForm

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

HOME = "oncall:notifications"


@require_GET
def notifications(request: PersonRequest) -> HttpResponse:
    """How I am reached: my contact methods, my rules, and a test of the whole way."""
    return _page(request)


@require_GET
def test_region(request: PersonRequest) -> HttpResponse:
    """The result of my last test page alone, for live updates."""
    return render(request, "oncall/paging/_test.html", {"reach": queries.reach(request.user)})


@require_POST
def test(request: PersonRequest) -> HttpResponse:
    """Send me a test page."""
    try:
        operations.send_test(request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The test page is on its way.")
    return redirect(HOME)


@password_again
@require_POST
def add_method(request: PersonRequest) -> HttpResponse:
    """Add a way to reach me; what signs its messages is shown in this answer alone."""
    form = MethodForm(request.POST)
    if not form.is_valid():
        return _page(request, method_form=form)
    try:
        added = operations.add_method(request.user, **form.cleaned_data)
    except Refused as refusal:
        form.add_error("secret" if isinstance(refusal, operations.BadToken) else "address", str(refusal))
        return _page(request, method_form=form)
    if added.secret:
        return _page(request, secret=added.secret, status=HTTPStatus.CREATED)
    known = added.method.verified_at is not None
    messages.success(
        request,
        "Added. You sign in with it, so it needs no code."
        if known
        else "Added. Enter the code that was sent there.",
    )
    return redirect(HOME)


@password_again
@require_POST
def add_browser(request: PersonRequest) -> HttpResponse:
    """Let pages come to this browser as notifications."""
    form = BrowserForm(request.POST)
    if not form.is_valid():
        return _page(request, browser_form=form)
    try:
        operations.add_method(request.user, channel="push", **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, browser_form=form)
    messages.success(request, "Pages can come to this browser. Send yourself a test page to see one.")
    return redirect(HOME)


@require_POST
def verify(request: PersonRequest, pk: int) -> HttpResponse:
    """Prove with a code that a method reaches me."""
    method = queries.own_method(request.user, pk)
    form = CodeForm(request.POST, prefix=f"code-{pk}")
    if form.is_valid():
        with refusals.shown_in(form, "code"):
            operations.verify(method, code=form.cleaned_data["code"])
            messages.success(request, "Verified. Pages can come here from now on.")
            return redirect(HOME)
    return _page(request, code_form=form, code_for=pk)


@require_POST
def send_code(request: PersonRequest, pk: int) -> HttpResponse:
    """Send the code of a method once more."""
    method = queries.own_method(request.user, pk)
    operations.send_code(method)
    messages.success(request, "The code was sent again.")
    return redirect(HOME)


@password_again
@require_POST
def switch(request: PersonRequest, pk: int) -> HttpResponse:
    """Use one of my methods again, or no more."""
    method = queries.own_method(request.user, pk)
    operations.set_enabled(method, enabled=not method.is_enabled)
    messages.success(request, "Pages no longer come here." if method.is_enabled else "Pages come here again.")
    return redirect(HOME)


@password_again
@require_POST
def take_calls(request: PersonRequest, pk: int) -> HttpResponse:
    """Let callers of an on-call number through to a telephone number of mine, or no more."""
    method = queries.own_method(request.user, pk)
    takes = not method.takes_calls
    operations.set_takes_calls(method, takes=takes)
    messages.success(request, "Callers may be connected here." if takes else "No caller is connected here.")
    return redirect(HOME)


@password_again
@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Forget one of my methods, with its rules."""
    operations.remove_method(queries.own_method(request.user, pk))
    messages.success(request, "Removed.")
    return redirect(HOME)


@password_again
@require_POST
def add_default(request: PersonRequest) -> HttpResponse:
    """Make my sign-in e-mail a contact method."""
    operations.ensure_default(request.user)
    messages.success(request, "Pages come to your sign-in e-mail.")
    return redirect(HOME)


@password_again
@require_POST
def add_rule(request: PersonRequest) -> HttpResponse:
    """Add a rule of mine."""
    form = RuleForm(request.POST, user=request.user)
    if form.is_valid():
        with refusals.shown_in(form, "method"):
            operations.add_rule(request.user, **form.cleaned_data)
            messages.success(request, "Rule added.")
            return redirect(HOME)
    return _page(request, rule_form=form)


@password_again
@require_POST
def remove_rule(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a rule of mine back."""
    operations.remove_rule(queries.own_rule(request.user, pk))
    messages.success(request, "Rule removed.")
    return redirect(HOME)


def _page(
    request: PersonRequest,
    *,
    method_form: Form | None = None,
    rule_form: Form | None = None,
    code_form: Form | None = None,
    code_for: int | None = None,
    browser_form: Form | None = None,
    secret: str = "",
    status: int | None = None,
) -> HttpResponse:
    """The page, with a form that was refused (422) as it was filled in."""
    reach = queries.reach(request.user)
    codes = {
        method.pk: code_form if code_for == method.pk and code_form else CodeForm(prefix=f"code-{method.pk}")
        for method in reach.methods
    }
    refused = any((method_form, rule_form, code_form, browser_form))
    context = {
        "reach": reach,
        "methods": [(method, codes[method.pk]) for method in reach.methods],
        "method_form": method_form or MethodForm(),
        "rule_form": rule_form or RuleForm(user=request.user),
        "browser_form": browser_form or BrowserForm(),
        "push_key": vapid.public_key(),
        "secret": secret,
    }
    found = status or (HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK)
    return render(request, "oncall/paging/notifications.html", context, status=found)
