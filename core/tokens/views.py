from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from core.accounts.sign_in import password_again
from core.tokens import forms, operations, queries
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@password_again
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: PersonRequest) -> HttpResponse:
    """My API tokens; a new one is shown once, in the answer that makes it."""
    form = forms.NewToken(request.POST or None)
    if form.is_bound and form.is_valid():
        token, secret = operations.create(request.user, **form.cleaned_data)
        context = {
            "form": forms.NewToken(),
            "tokens": queries.of(request.user),
            "made": token,
            "secret": secret,
        }
        return render(request, "tokens/index.html", context, status=HTTPStatus.CREATED)
    context = {"form": form, "tokens": queries.of(request.user)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "tokens/index.html", context, status=status)


@require_POST
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop one of my tokens."""
    if operations.revoke(request.user, token_id=pk, actor=request.user):
        messages.success(request, "The token no longer works.")
    return redirect("tokens:index")
