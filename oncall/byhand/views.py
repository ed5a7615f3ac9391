from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts.policy import may_respond
from core.ui import refusals
from core.ui.render import render
from oncall.byhand import operations, queries
from oncall.byhand.forms import PageForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@may_respond
@require_http_methods(["GET", "POST"])
def page_somebody(request: PersonRequest) -> HttpResponse:
    """Page a person, a schedule, a team or a policy; `?whom=` and `?incident=` choose beforehand."""
    if request.method == "GET":
        return _form(request, PageForm(user=request.user, initial=request.GET.dict()))
    form = PageForm(request.POST, user=request.user)
    if form.is_valid():
        target = form.cleaned_data.pop("whom")
        with refusals.shown_in(form, "whom"):
            started = operations.page(target, **form.cleaned_data, actor=request.user)
            messages.success(request, f"{target.name} is being paged.")
            return redirect("oncall:by-hand", started)
    return _form(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _form(request: PersonRequest, form: PageForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {"form": form, "lately": queries.lately(request.user)}
    return render(request, "oncall/byhand/new.html", context, status=status)


@require_GET
def by_hand(request: PersonRequest, pk: int) -> HttpResponse:
    """One page by hand: who was asked, who accepted, and who declined for which reason."""
    return render(request, "oncall/byhand/page.html", {"screen": queries.find(request.user, pk)})


@require_GET
def answers_region(request: PersonRequest, pk: int) -> HttpResponse:
    """The answers alone, for live updates."""
    return render(request, "oncall/byhand/_answers.html", {"screen": queries.find(request.user, pk)})
