from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.accounts.models import Role
from core.accounts.policy import Verb, admin_only, can
from core.accounts.sign_in import password_again
from core.people import zones
from core.people.directory import forms, operations, queries, registry
from core.people.invitations.queries import manageable
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.models import User
    from core.accounts.requests import PersonRequest

PAGE = 100


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Everybody, and who is invited."""
    text, role = request.GET.get("q", ""), request.GET.get("role", "")
    found = Paginator(queries.search(request.user, text=text, role=role), PAGE)
    context = {
        "people": found.get_page(request.GET.get("page")),
        "text": text,
        "role": role,
        "roles": Role.choices,
        "may_invite": can(request.user, Verb.CONFIGURE),
        "may_administer": can(request.user, Verb.ADMIN),
        "invitations": manageable(request.user) if can(request.user, Verb.CONFIGURE) else [],
    }
    return render(request, "people/directory/index.html", context)


@require_safe
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """One person: teams, local time, and for admins what they may do."""
    found = get_object_or_404(queries.people(request.user), pk=pk)
    return _page(request, found, forms.RoleForm(initial={"role": found.role}))


@admin_only
@password_again
@require_POST
def change_role(request: PersonRequest, pk: int) -> HttpResponse:
    """Give a person another role."""
    found = get_object_or_404(queries.people(request.user), pk=pk)
    form = forms.RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    operations.change_role(found, role=form.cleaned_data["role"], actor=request.user)
    messages.success(request, f"{found} is now {Role(form.cleaned_data['role']).label.lower()}.")
    return redirect("people:person", pk)


@admin_only
@require_safe
def leaving(request: PersonRequest, pk: int) -> HttpResponse:
    """What switching an account off changes, before it is done."""
    return _leaving(request, get_object_or_404(queries.people(request.user), pk=pk))


@admin_only
@password_again
@require_POST
def deactivate(request: PersonRequest, pk: int) -> HttpResponse:
    """Switch an account off; where that leaves nobody on call, the box that says so has to be ticked."""
    found = get_object_or_404(queries.people(request.user), pk=pk)
    try:
        operations.leave(found, accepts_gaps="gaps" in request.POST, actor=request.user)
    except operations.LeavesGaps as refusal:
        return _leaving(request, found, refusal=str(refusal))
    messages.success(request, f"{found}'s account is switched off: signed out everywhere, tokens revoked.")
    return redirect("people:person", pk)


@admin_only
@password_again
@require_POST
def reactivate(request: PersonRequest, pk: int) -> HttpResponse:
    """Switch an account on again."""
    found = get_object_or_404(queries.people(request.user), pk=pk)
    operations.reactivate(found, actor=request.user)
    messages.success(request, f"{found} can sign in again.")
    return redirect("people:person", pk)


@admin_only
@require_POST
def end_sessions(request: PersonRequest, pk: int) -> HttpResponse:
    """Sign a person out everywhere."""
    found = get_object_or_404(queries.people(request.user), pk=pk)
    operations.end_sessions(found, actor=request.user)
    messages.success(request, f"{found} is signed out everywhere.")
    return redirect("people:person", pk)


def _leaving(request: PersonRequest, found: User, *, refusal: str = "") -> HttpResponse:
    changes = registry.consequences(found)
    context = {
        "person": found,
        "changes": changes,
        "has_gaps": any(each.is_gap for each in changes),
        "refusal": refusal,
    }
    status = HTTPStatus.CONFLICT if refusal else HTTPStatus.OK
    return render(request, "people/directory/leaving.html", context, status=status)


def _page(request: PersonRequest, found: User, form: forms.RoleForm) -> HttpResponse:
    administers = can(request.user, Verb.ADMIN)
    context = {
        "person": found,
        "form": form,
        "may_administer": administers,
        "email": found.email if administers or found == request.user else "",
        "local_now": f"{timezone.now().astimezone(zones.of(found)):%H:%M}",
        "sessions": found.sessions.count() if administers else 0,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "people/directory/person.html", context, status=status)
