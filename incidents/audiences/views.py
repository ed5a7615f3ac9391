from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_configure
from core.ui import refusals
from core.ui.render import render
from incidents.audiences import operations, queries
from incidents.audiences.forms import ListForm, MatrixForm, MemberForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.audiences.models import AudienceList


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Who is told of incidents: the lists and who is on them."""
    context = {"rows": queries.shown(request.user), "may_change": can(request.user, Verb.CONFIGURE)}
    return render(request, "incidents/audiences/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may_configure
def create(request: PersonRequest) -> HttpResponse:
    """A new list; who is on it comes after."""
    form = ListForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form, "name"):
            row = operations.add(**form.said(), actor=request.user)
            messages.success(request, f"{row} is there. Put somebody on it.")
            return redirect("incidents:audience", row.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/audiences/edit.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@may_configure
def change(request: PersonRequest, slug: str) -> HttpResponse:
    """One list: what it is, who is on it."""
    row = queries.one(request.user, slug)
    form = ListForm(request.POST if request.method == "POST" else None, initial=ListForm.of(row))
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form):
            operations.change(row, **form.said(), version=form.cleaned_data["version"], actor=request.user)
            messages.success(request, "Saved.")
            return redirect("incidents:audience", row.slug)
    return _list(request, row, form=form)


def _list(
    request: PersonRequest,
    row: AudienceList,
    *,
    form: ListForm | None = None,
    member: MemberForm | None = None,
) -> HttpResponse:
    context = {
        "shown": queries.show(row),
        "row": row,
        "form": form or ListForm(initial=ListForm.of(row)),
        "member_form": member or MemberForm(user=request.user),
    }
    is_wrong = any(each is not None and each.is_bound for each in (form, member))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "incidents/audiences/edit.html", context, status=status)


@require_POST
@may_configure
def put_on(request: PersonRequest, slug: str) -> HttpResponse:
    """Put one more on a list."""
    row = queries.one(request.user, slug)
    form = MemberForm(request.POST, user=request.user)
    if form.is_valid():
        with refusals.shown_in(form):
            operations.put_on(row, who=form.chosen(), actor=request.user)
            return redirect("incidents:audience", row.slug)
    return _list(request, row, member=form)


@require_POST
@may_configure
def take_off(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take one off a list."""
    row = queries.one(request.user, slug)
    operations.take_off(row, member_id=pk, actor=request.user)
    return redirect("incidents:audience", row.slug)


@require_POST
@may_configure
def remove(request: PersonRequest, slug: str) -> HttpResponse:
    """Forget a list."""
    row = queries.one(request.user, slug)
    operations.remove(row, actor=request.user)
    messages.success(request, f"{row} is gone. Whom earlier updates went to stays with them.")
    return redirect("incidents:audiences")


@require_http_methods(["GET", "HEAD", "POST"])
def matrix(request: PersonRequest) -> HttpResponse:
    """Which list hears what at which severity."""
    may_change = can(request.user, Verb.CONFIGURE)
    rows, levels = queries.for_matrix(request.user)
    form = MatrixForm(
        request.POST if request.method == "POST" else None,
        rows=rows,
        levels=levels,
        initial=MatrixForm.ticked(rows, levels),
    )
    if request.method == "POST":
        return _save(request, form)
    return render(request, "incidents/audiences/matrix.html", {"form": form, "may_change": may_change})


@may_configure
def _save(request: PersonRequest, form: MatrixForm) -> HttpResponse:
    form.is_valid()  # ticks cannot be wrong
    operations.set_matrix(form.matrix(), actor=request.user)
    messages.success(request, "Saved.")
    return redirect("incidents:audience-matrix")
