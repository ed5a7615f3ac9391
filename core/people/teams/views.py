from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts.models import TeamRole
from core.accounts.policy import Verb, admin_only, can, may_configure
from core.people.directory.queries import people
from core.people.teams import forms, operations, queries
from core.ui import refusals
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

both = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Every team with its people."""
    context = {"teams": queries.teams(request.user), "may_create": can(request.user, Verb.ADMIN)}
    return render(request, "people/teams/index.html", context)


@admin_only
@both
def create(request: PersonRequest) -> HttpResponse:
    """Make a team."""
    form = forms.TeamName(request.POST or None)
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form, "name"):
            team = operations.create(form.cleaned_data["name"], actor=request.user)
            messages.success(request, f"The team {team} is there. Add its people.")
            return redirect("people:team", team.slug)
    return _form(request, "people/teams/create.html", {"form": form}, bound=form.is_bound)


@require_safe
def team(request: PersonRequest, slug: str) -> HttpResponse:
    """One team: who belongs to it and who manages it."""
    found = get_object_or_404(queries.teams(request.user), slug=slug)
    context = {
        "team": found,
        "may_configure": can(request.user, Verb.CONFIGURE, found),
        "form": forms.Member(team=found),
        "name_form": forms.TeamName(initial={"name": found.name}),
        "roles": TeamRole.choices,
    }
    return render(request, "people/teams/team.html", context)


@may_configure
@require_POST
def rename(request: PersonRequest, slug: str) -> HttpResponse:
    """Give a team another name."""
    found = get_object_or_404(queries.teams(request.user), slug=slug)
    form = forms.TeamName(request.POST)
    if form.is_valid():
        operations.rename(found, name=form.cleaned_data["name"], actor=request.user)
        return redirect("people:team", slug)
    return _again(request, found, name_form=form)


@may_configure
@require_POST
def add_member(request: PersonRequest, slug: str) -> HttpResponse:
    """Add a person to a team."""
    found = get_object_or_404(queries.teams(request.user), slug=slug)
    form = forms.Member(request.POST, team=found)
    if form.is_valid():
        user, role = form.cleaned_data["user"], form.cleaned_data["role"]
        operations.put_member(found, user=user, role=role, actor=request.user)
        messages.success(request, f"{user} belongs to {found}.")
        return redirect("people:team", slug)
    return _again(request, found, form=form)


@may_configure
@require_POST
def set_role(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Make a member a manager of the team, or a manager a member."""
    found = get_object_or_404(queries.teams(request.user), slug=slug)
    user = get_object_or_404(people(request.user).filter(memberships__team=found), pk=pk)
    role = TeamRole.MANAGER if request.POST.get("role") == TeamRole.MANAGER else TeamRole.MEMBER
    operations.put_member(found, user=user, role=role, actor=request.user)
    return redirect("people:team", slug)


@may_configure
@require_POST
def remove_member(request: PersonRequest, slug: str, pk: int) -> HttpResponse:
    """Take a person out of a team."""
    found = get_object_or_404(queries.teams(request.user), slug=slug)
    user = get_object_or_404(people(request.user).filter(memberships__team=found), pk=pk)
    operations.remove_member(found, user=user, actor=request.user)
    messages.success(request, f"{user} no longer belongs to {found}.")
    return redirect("people:team", slug)


def _again(request: PersonRequest, found: object, **form: object) -> HttpResponse:
    context = {
        "team": found,
        "may_configure": True,
        "form": forms.Member(team=found),  # type: ignore[arg-type]
        "name_form": forms.TeamName(initial={"name": str(found)}),
        "roles": TeamRole.choices,
        **form,
    }
    return _form(request, "people/teams/team.html", context, bound=True)


def _form(request: PersonRequest, template: str, context: dict[str, object], *, bound: bool) -> HttpResponse:
    return render(
        request, template, context, status=HTTPStatus.UNPROCESSABLE_ENTITY if bound else HTTPStatus.OK
    )
