from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_configure, may_respond
from core.errors import Refused
from core.ui import refusals
from core.ui.render import render
from oncall.matching.forms import Conditions, Draft
from oncall.routing import operations, queries, rules
from oncall.routing.forms import RouteForm, TryForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.routing.models import Route


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Every route in the order in which they are tried, and what stands behind them."""
    return _index(request, TryForm(user=request.user))


def _index(
    request: PersonRequest, form: TryForm, answers: list[queries.Answer] | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        **_list(request),
        "form": form,
        "answers": answers,
        "may_create": can(request.user, Verb.CONFIGURE),
        "may_try": can(request.user, Verb.RESPOND),
    }
    return render(request, "oncall/routing/index.html", context, status=status)


@require_GET
def list_region(request: PersonRequest) -> HttpResponse:
    """The list alone, for live updates."""
    return render(request, "oncall/routing/_list.html", _list(request))


def _list(request: PersonRequest) -> dict[str, object]:
    return {
        "lines": queries.lines(request.user),
        "default_policy": queries.default_policy(),
        "labels": rules.SERVICE_LABELS,
    }


@require_POST
@may_respond
def try_out(request: PersonRequest) -> HttpResponse:
    """Say where an alert would go now. Nothing is written."""
    form = TryForm(request.POST, user=request.user)
    if not form.is_valid():
        return _index(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    found = queries.answers(form.cleaned_data["parsed"], form.cleaned_data["source"])
    return _index(request, form, found)


@may_configure
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Add a route; it counts from the next alert on."""
    if request.method == "POST":
        return _edited(request, None)
    return _editor(request, None, RouteForm(user=request.user), Conditions([Draft()]))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """Change what a route asks for and where it leads."""
    route = _mine(request, pk)
    if request.method == "POST":
        return _edited(request, route)
    initial = {
        "name": route.name,
        "integration": route.integration_id,
        "service": route.service_id,
        "policy": route.policy_id,
        "urgency": route.urgency,
        "nature": route.nature,
        "pages_causes": route.pages_causes,
    }
    form = RouteForm(user=request.user, route=route, initial=initial)
    return _editor(request, route, form, Conditions.of(route.match))


@require_POST
def up(request: PersonRequest, pk: int) -> HttpResponse:
    """Try a route one place earlier."""
    operations.move_route(_mine(request, pk), by=-1, actor=request.user)
    return redirect("oncall:routes")


@require_POST
def down(request: PersonRequest, pk: int) -> HttpResponse:
    """Try a route one place later."""
    operations.move_route(_mine(request, pk), by=1, actor=request.user)
    return redirect("oncall:routes")


@require_POST
def activate(request: PersonRequest, pk: int) -> HttpResponse:
    """Let a route take alerts again."""
    return _switched(request, pk, is_active=True)


@require_POST
def deactivate(request: PersonRequest, pk: int) -> HttpResponse:
    """Leave a route out from the next alert on."""
    return _switched(request, pk, is_active=False)


def _switched(request: PersonRequest, pk: int, *, is_active: bool) -> HttpResponse:
    try:
        route = operations.change_route(_mine(request, pk), actor=request.user, is_active=is_active)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        what = "takes alerts again" if route.is_active else "is left out from the next alert on"
        messages.success(request, f"{_named(route)} {what}.")
    return redirect("oncall:routes")


@require_POST
def remove(request: PersonRequest, pk: int) -> HttpResponse:
    """Remove a route; what it took is routed by the next one that holds."""
    route = _mine(request, pk)
    operations.remove_route(route, actor=request.user)
    messages.success(request, f"{_named(route)} was removed.")
    return redirect("oncall:routes")


def _mine(request: PersonRequest, pk: int) -> Route:
    route = queries.route(request.user, pk)
    queries.require(request.user, service=route.service, policy=route.policy)
    return route


def _named(route: Route) -> str:
    name = str(route)
    return name[:1].upper() + name[1:]


def _edited(request: PersonRequest, route: Route | None) -> HttpResponse:
    """Answer a button of the editor: every one but Save only changes what is shown."""
    form = RouteForm(request.POST, user=request.user, route=route)
    conditions = Conditions.posted(request.POST)
    button = request.POST.get("do", "save")
    if button != "save":
        conditions.change(button)
        return _editor(request, route, form.as_typed(request.user, route), conditions)
    match = conditions.check()
    if form.is_valid() and match is not None:
        with refusals.shown_in(form):
            return _saved(request, route, {**form.cleaned_data, "match": match})
    return _editor(request, route, form, conditions, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _saved(request: PersonRequest, route: Route | None, given: dict[str, Any]) -> HttpResponse:
    if route is None:
        found = operations.create_route(actor=request.user, **given)
    else:
        found = operations.change_route(route, actor=request.user, **given)
    messages.success(request, f"{_named(found)} is saved. It counts from the next alert on.")
    return redirect("oncall:routes")


def _editor(
    request: PersonRequest,
    route: Route | None,
    form: RouteForm,
    conditions: Conditions,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"route": route, "form": form, "conditions": conditions}
    return render(request, "oncall/routing/edit.html", context, status=status)
