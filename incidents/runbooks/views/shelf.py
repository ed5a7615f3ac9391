"""The list of runbooks, a runbook, its writing, its versions."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import queries as people
from core.accounts.policy import Verb, can, may_respond, require
from core.ui import refusals
from core.ui.render import render
from incidents.catalog import queries as catalog
from incidents.runbooks import operations, queries, rules
from incidents.runbooks.forms import SKELETON, ImportForm, RunbookForm, begin
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from core.accounts.requests import PersonRequest
    from incidents.runbooks.models import Runbook


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """The runbooks by service."""
    which = request.GET.get("show", "all")
    which = which if which in queries.SHOWN else "all"
    search = request.GET.get("q", "").strip()
    missing = which == "missing"
    context = {
        "shelves": [] if missing else queries.shelves(request.user, which=which, search=search),
        "recurring": queries.recurring(request.user) if missing else [],
        "days": queries.RECURRING_DAYS,
        "counts": queries.counts(request.user),
        "which": which,
        "search": search,
        "may_add": can(request.user, Verb.RESPOND),
        "limit": queries.stale_after().days,
    }
    return render(request, "incidents/runbooks/index.html", context)


@require_GET
def detail(request: PersonRequest, slug: str) -> HttpResponse:
    """A runbook: what it is for, its steps, who answers for it, how fresh it is."""
    runbook = queries.get(request.user, slug)
    context = {
        **_of(request, runbook),
        "reports": list(queries.reports(request.user, runbook).open()[:20]),
        "otherwise": queries.otherwise(request.user, runbook),
    }
    return render(request, "incidents/runbooks/runbook.html", context)


def _of(request: PersonRequest, runbook: Runbook) -> dict[str, Any]:
    return {
        "runbook": runbook,
        "services": list(runbook.services.order_by("tier", "name")),
        "alerts": rules.matchers_in_words(runbook.alerts, between="\n").splitlines(),
        "is_stale": queries.is_stale(runbook),
        "limit": queries.stale_after().days,
        "lacking": rules.lacking(runbook.structure),
        "may_act": can(request.user, Verb.RESPOND),
        "may_write": queries.may_write(request.user, team=runbook.team, owner=runbook.owner),
    }


def _form(request: PersonRequest, data: Any = None, *, runbook: Runbook | None = None) -> RunbookForm:
    teams = queries.writable_teams(request.user)
    initial: dict[str, Any] = {"text": SKELETON, "services": request.GET.getlist("service")}
    if runbook is not None:
        teams = teams if runbook.team in teams else [runbook.team, *teams]
        initial = begin(runbook)
    return RunbookForm(
        data,
        initial=initial,
        teams=teams,
        people=list(people.people()),
        levels=list(severities.levels()),
        services=list(catalog.services(request.user)),
    )


@require_http_methods(["GET", "POST"])
@may_respond
def add(request: PersonRequest) -> HttpResponse:
    """Write a new one."""
    form = _form(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals.shown_in(form):
            made = operations.add(**form.said(), note=form.cleaned_data["note"], actor=request.user)
            messages.success(request, "The runbook is there. Rooms of its services and alerts offer it.")
            return redirect("incidents:runbook", made.slug)
    return _writing(request, form)


@require_http_methods(["GET", "POST"])
@may_respond
def edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Write one anew. With a conflict what was typed comes back, and nothing of the other is lost."""
    runbook = _writable(request, slug)
    form = _form(request, request.POST if request.method == "POST" else None, runbook=runbook)
    if form.is_valid():
        data = form.cleaned_data
        with refusals.shown_in(form):
            operations.change(
                runbook, changes=form.said(), version=data["version"], note=data["note"], actor=request.user
            )
            messages.success(request, "Saved.")
            return redirect("incidents:runbook", slug)
        form.data = again = request.POST.copy()
        again["version"] = str(runbook.version)
    return _writing(request, form, runbook)


def _writing(request: PersonRequest, form: RunbookForm, runbook: Runbook | None = None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "runbook": runbook}
    return render(request, "incidents/runbooks/edit.html", context, status=status)


def _writable(request: PersonRequest, slug: str) -> Runbook:
    runbook = queries.get(request.user, slug)
    if not queries.may_write(request.user, team=runbook.team, owner=runbook.owner):
        require(request.user, Verb.CONFIGURE, runbook.team)
    return runbook


@require_http_methods(["GET", "POST"])
@may_respond
def bring_in(request: PersonRequest) -> HttpResponse:
    """Take in a Markdown file."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_valid():
        teams = queries.writable_teams(request.user)
        only = teams[0] if len(teams) == 1 else None
        with refusals.shown_in(form, "document"):
            made = operations.bring_in(form.cleaned_data["document"], team=only, actor=request.user)
            messages.success(request, "Imported. Look whether it says what was meant.")
            return redirect("incidents:runbook", made.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "incidents/runbooks/import.html", {"form": form}, status=status)


@require_GET
def export(request: PersonRequest, slug: str) -> HttpResponse:
    """The runbook as a Markdown file."""
    runbook = queries.get(request.user, slug)
    answer = HttpResponse(queries.document(runbook), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{runbook.slug}.md"'
    return answer


@require_GET
def versions(request: PersonRequest, slug: str) -> HttpResponse:
    """What was saved, the latest first."""
    runbook = queries.get(request.user, slug)
    context = {**_of(request, runbook), "versions": list(queries.versions(request.user, runbook)[:100])}
    return render(request, "incidents/runbooks/versions.html", context)


@require_GET
def compare(request: PersonRequest, slug: str, version: int) -> HttpResponse:
    """One version beside the one before it, or beside `?with=`."""
    runbook = queries.get(request.user, slug)
    new = queries.version(request.user, runbook, version)
    other = request.GET.get("with", "")
    other_number = int(other) if other.isascii() and other.isdigit() and len(other) < 9 else version - 1
    old = queries.version(request.user, runbook, other_number) if other_number else None
    context = {
        **_of(request, runbook),
        "version": new,
        "old": old,
        "lines": rules.difference(old.document if old else "", new.document),
        "is_current": new.number == runbook.version,
    }
    return render(request, "incidents/runbooks/version.html", context)


@require_POST
@may_respond
def restore(request: PersonRequest, slug: str, version: int) -> HttpResponse:
    """Let it say again what it said then."""
    operations.restore(_writable(request, slug), number=version, actor=request.user)
    messages.success(request, f"It says again what version {version} said.")
    return redirect("incidents:runbook", slug)


@require_POST
@may_respond
def confirm(request: PersonRequest, slug: str) -> HttpResponse:
    """Say that it is still right, or that it was tested."""
    how = "tested" if request.POST.get("how") == "tested" else "checked"
    operations.confirm(queries.get(request.user, slug), how=how, actor=request.user)
    messages.success(request, "Noted: tested today." if how == "tested" else "Noted: checked, still right.")
    return redirect("incidents:runbook", slug)


@require_POST
@may_respond
def retire(request: PersonRequest, slug: str) -> HttpResponse:
    """Offer it no more, or again."""
    back = request.POST.get("back") == "1"
    operations.retire(_writable(request, slug), back=back, actor=request.user)
    messages.success(request, "It is offered again." if back else "It is offered no more.")
    return redirect("incidents:runbook", slug)


@require_GET
def service_panel(request: PersonRequest, slug: str) -> HttpResponse:
    """The runbooks of a service with how fresh they are, for its page."""
    service = catalog.get(request.user, slug)
    context = {
        "service": service,
        "rows": queries.of_service(request.user, service),
        "links": [link for link in service.links.all() if link.kind == "runbook"],
        "may_add": can(request.user, Verb.RESPOND),
    }
    return render(request, "incidents/runbooks/_service.html", context)
