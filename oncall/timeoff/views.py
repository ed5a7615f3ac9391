from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import csv
from core.accounts import queries as accounts
from core.accounts.policy import may_configure
from core.accounts.sign_in import password_again
from core.ui import refusals
from core.ui.render import render
from oncall.load import queries as load
from oncall.timeoff import forms, operations, queries
from oncall.timeoff.rules import State, Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpResponse

    from core.accounts.models import Team, User
    from core.accounts.requests import PersonRequest
    from oncall.timeoff.models import TimeOff

HOME = "oncall:my-time-off"
OPEN = (State.PROPOSED, State.PLANNED)


@dataclass(frozen=True, slots=True)
class Line:
    """One of a person's own with what can be done about it."""

    row: TimeOff
    plan: forms.PlanForm
    decline: forms.DeclineForm

    @property
    def is_bad(self) -> bool:
        """Whether one of its forms was refused."""
        return self.plan.is_bound or self.decline.is_bound


@require_safe
def mine(request: PersonRequest) -> HttpResponse:
    """The time off that I have earned: when I take it, and which shifts of mine it meets."""
    return _page(request)


@require_POST
def plan(request: PersonRequest, pk: int) -> HttpResponse:
    """Say when I take it."""
    row = queries.own(request.user, pk)
    form = forms.PlanForm(request.POST, row=row)
    if form.is_valid():
        given = form.cleaned_data
        with refusals.shown_in(form, "end"):
            operations.plan(
                row, start=given["start"], end=given["end"], seen=given["version"], actor=request.user
            )
            messages.success(request, "Planned.")
            return redirect(HOME)
        form.data = {**form.data.dict(), "version": row.version}  # what it is now is shown above it
    return _page(request, Line(row, form, forms.DeclineForm(row=row)))


@require_POST
def decline(request: PersonRequest, pk: int) -> HttpResponse:
    """Say that I do not want it."""
    row = queries.own(request.user, pk)
    form = forms.DeclineForm(request.POST, row=row)
    if form.is_valid():
        given = form.cleaned_data
        with refusals.shown_in(form, "reason"):
            operations.decline(row, reason=given["reason"], seen=given["version"], actor=request.user)
            messages.success(request, "Declined.")
            return redirect(HOME)
        form.data = {**form.data.dict(), "version": row.version}
    return _page(request, Line(row, forms.PlanForm(row=row), form))


@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    """Take my plan or my refusal back."""
    operations.reopen(queries.own(request.user, pk), actor=request.user)
    messages.success(request, "It can be planned again.")
    return redirect(HOME)


@password_again
@require_safe
def export_mine(request: PersonRequest) -> HttpResponse:
    """The same as CSV."""
    return csv.answer("my-time-off.csv", queries.table(_since(queries.mine(request.user))))


@require_safe
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """The time off of the people of a team, by name, for who manages it."""
    found, rows = _team(request, slug)
    return render(
        request,
        "oncall/timeoff/team.html",
        {
            "team": found,
            "open": [row for row in rows if row.state in OPEN],
            "over": [row for row in rows if row.state not in OPEN],
        },
    )


@password_again
@require_safe
def export_team(request: PersonRequest, slug: str) -> HttpResponse:
    """The same as CSV, by name."""
    found, rows = _team(request, slug)
    return csv.answer(f"time-off-{found.slug}.csv", queries.table(rows))


@may_configure
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: PersonRequest) -> HttpResponse:
    """How much time off being on call earns."""
    bound = request.POST if request.method == "POST" else None
    form = forms.TermsForm(bound, user=request.user, initial=forms.defaults())
    if form.is_bound and form.is_valid():
        made = operations.set_terms(actor=request.user, **form.cleaned_data)
        messages.success(request, f"Set for {made.team or 'every team without its own'}.")
        return redirect("oncall:time-off-terms")
    context = {"form": form, "rows": queries.all_terms(request.user), "usual": Terms()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/timeoff/terms.html", context, status=status)


def _team(request: PersonRequest, slug: str) -> tuple[Team, list[TimeOff]]:
    found = get_object_or_404(accounts.teams(request.user), slug=slug)
    people: list[User] = load.members(found, request.user)
    today = timezone.localdate()
    return found, queries.seen(people, request.user, first=today - queries.WITHIN, last=today)


def _since(rows: Iterable[TimeOff]) -> list[TimeOff]:
    first = timezone.localdate() - queries.WITHIN
    return [row for row in rows if row.day >= first]


def _page(request: PersonRequest, bad: Line | None = None) -> HttpResponse:
    """The page, with the forms of one that was refused (422) as they were filled in."""
    rows = _since(queries.mine(request.user))
    lines = [
        bad
        if bad is not None and bad.row.pk == row.pk
        else Line(row, forms.PlanForm(row=row), forms.DeclineForm(row=row))
        for row in rows
        if row.state in OPEN or (bad is not None and bad.row.pk == row.pk)
    ]
    known = {line.row.pk for line in lines}
    context = {
        "lines": sorted(lines, key=lambda line: (line.row.take_by, line.row.pk)),
        "over": [row for row in rows if row.pk not in known],
        "clashes": queries.clashes(request.user),
        "teams": load.managed(request.user),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
    return render(request, "oncall/timeoff/mine.html", context, status=status)
