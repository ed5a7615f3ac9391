from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from core import csv
from core.accounts import queries as accounts
from core.accounts.policy import Verb, can, may_configure
from core.accounts.sign_in import password_again
from core.ui.render import render
from oncall.load import forms, operations, queries
from oncall.load.rules import balance, weeks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from django.http import HttpResponse

    from core.accounts.models import Team, User
    from core.accounts.requests import PersonRequest

    Table = Callable[[Iterable[queries.Load], date, date], Iterator[list[object]]]

TOO_LONG = timedelta(days=7)


@require_safe
def mine(request: PersonRequest) -> HttpResponse:
    """What being on call was for me: hours by kind, weekends, nights, pages."""
    form = forms.PeriodForm(request.GET)
    first, last = form.period()
    load = _loads([request.user], first, last, request.user)[0]
    nights = weeks.row(load.pages.nights, first, last)
    context = {
        "load": load,
        "curve": [count for _, count in nights],
        "limit": queries.night_limit(),
        "is_too_long": load.longest > TOO_LONG,
        "teams": queries.managed(request.user),
        "may_set_rates": can(request.user, Verb.CONFIGURE),
        **_period(form, first, last),
    }
    return render(request, "oncall/load/mine.html", context, status=_status(form))


@password_again
@require_safe
def export_mine(request: PersonRequest) -> HttpResponse:
    """The same as CSV: one line."""
    return _file(request, [request.user], "my-load.csv", queries.table)


@require_safe
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """The same for the people of a team, by name, for who manages it."""
    found, people = _team(request, slug)
    form = forms.PeriodForm(request.GET)
    first, last = form.period()
    loads = _loads(people, first, last, request.user)
    even = balance.balance([load.hours.total for load in loads])
    context = {
        "team": found,
        "lines": list(zip(loads, even.beside, strict=True)),
        "balance": even,
        "has_pay": any(load.paid for load in loads),
        **_period(form, first, last),
    }
    return render(request, "oncall/load/team.html", context, status=_status(form))


@password_again
@require_safe
def export_team(request: PersonRequest, slug: str) -> HttpResponse:
    """The same as CSV: a line per person, by name."""
    found, people = _team(request, slug)
    return _file(request, people, f"load-{found.slug}.csv", queries.table)


@require_safe
def team_weeks(request: PersonRequest, slug: str) -> HttpResponse:
    """Weeks on call of the people of a team by month, those that are planned included, for whoever plans other work."""
    found, people = _team(request, slug)
    form = forms.PeriodForm(request.GET, forms.ahead())
    first, last = form.period()
    months = weeks.months(first, last)
    known = [(load, dict(load.months)) for load in _planned(people, first, last, request.user)]
    context = {
        "team": found,
        "months": months,
        "lines": [(load, [had.get(month, 0) for month in months]) for load, had in known],
        "form": form,
        "first": first,
        "last": last,
        "periods": forms.choices_ahead(),
        "usual": "This month and the next two are shown.",
    }
    return render(request, "oncall/load/weeks.html", context, status=_status(form))


@password_again
@require_safe
def export_team_weeks(request: PersonRequest, slug: str) -> HttpResponse:
    """The same as CSV: a line per person and month."""
    found, people = _team(request, slug)
    return _weeks_file(request, people, f"weeks-{found.slug}.csv")


@password_again
@require_safe
def export_my_weeks(request: PersonRequest) -> HttpResponse:
    """My weeks on call by month, those that are planned included, as CSV."""
    return _weeks_file(request, [request.user], "my-weeks.csv")


@password_again
@require_safe
def export_my_pay(request: PersonRequest) -> HttpResponse:
    """What is paid to me, as CSV."""
    return _file(request, [request.user], "my-pay.csv", queries.pay_table)


@password_again
@require_safe
def export_team_pay(request: PersonRequest, slug: str) -> HttpResponse:
    """What is paid to the people of a team, as CSV."""
    found, people = _team(request, slug)
    return _file(request, people, f"pay-{found.slug}.csv", queries.pay_table)


@may_configure
@require_safe
def reliance(request: PersonRequest) -> HttpResponse:
    """Which services rely on one person: what if they are away."""
    form = forms.PeriodForm(request.GET)
    first, last = form.period()
    rows = queries.relied(request.user, first, last)
    context = {
        "single": [row for row in rows if row.person],
        "others": [row for row in rows if not row.person],
        "percent": settings.RELIANCE_PERCENT,
        "least": settings.RELIANCE_LEAST,
        **_period(form, first, last),
    }
    return render(request, "oncall/load/reliance.html", context, status=_status(form))


@may_configure
@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: PersonRequest) -> HttpResponse:
    """What is paid for being on call, and from when."""
    bound = request.POST if request.method == "POST" else None
    form = forms.RatesForm(bound, user=request.user, initial={"since": timezone.localdate()})
    if form.is_bound and form.is_valid():
        made = operations.set_rates(actor=request.user, **form.cleaned_data)
        messages.success(request, f"Paid from {made.since:%d %b %Y} on.")
        return redirect("oncall:pay-rates")
    context = {"form": form, "rates": queries.rates(request.user)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/load/rates.html", context, status=status)


def _team(request: PersonRequest, slug: str) -> tuple[Team, list[User]]:
    found = get_object_or_404(accounts.teams(request.user), slug=slug)
    return found, queries.members(found, request.user)


def _file(request: PersonRequest, people: list[User], name: str, table: Table) -> HttpResponse:
    """A table about the period of the query, or about the last eight weeks where it makes no sense."""
    first, last = forms.PeriodForm(request.GET).period()
    return csv.answer(name, table(_loads(people, first, last, request.user), first, last))


def _weeks_file(request: PersonRequest, people: list[User], name: str) -> HttpResponse:
    first, last = forms.PeriodForm(request.GET, forms.ahead()).period()
    return csv.answer(name, queries.weeks_table(_planned(people, first, last, request.user), first, last))


def _planned(people: list[User], first: date, last: date, viewer: User) -> list[queries.Load]:
    return queries.loads(people, first, last, viewer=viewer, now=None)


def _loads(people: list[User], first: date, last: date, viewer: User) -> list[queries.Load]:
    return queries.loads(people, first, last, viewer=viewer, now=timezone.now())


def _period(form: forms.PeriodForm, first: date, last: date) -> dict[str, Any]:
    return {"form": form, "first": first, "last": last, "periods": forms.choices()}


def _status(form: forms.PeriodForm) -> HTTPStatus:
    return HTTPStatus.OK if form.is_valid() else HTTPStatus.UNPROCESSABLE_ENTITY
