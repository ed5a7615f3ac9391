from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_respond, require
from core.accounts.sign_in import password_again
from core.errors import Refused
from core.ui.render import render
from oncall.alerts import operations, queries
from oncall.alerts.forms import NewSourceForm, SourceForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from oncall.alerts.models import Integration


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Every source: what it sends, when it was last heard, and what could not be understood."""
    context = {
        "sources": queries.sources(request.user),
        "strays": queries.errors(None),
        "may_create": can(request.user, Verb.CONFIGURE),
    }
    return render(request, "oncall/alerts/integrations.html", context)


@password_again
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PersonRequest) -> HttpResponse:
    """A new source; its key is shown once, in the answer that makes it."""
    require(request.user, Verb.CONFIGURE)
    form = NewSourceForm(request.user, None, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        made, key = operations.create_integration(**form.cleaned_data, actor=request.user)
        return _key(request, made, key)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "oncall/alerts/new_integration.html", {"form": form}, status=status)


def _key(request: PersonRequest, integration: Integration, key: str) -> HttpResponse:
    context = {"source": integration, "key": key, "how_to": queries.how_to(integration, key)}
    return render(request, "oncall/alerts/integration_key.html", context, status=HTTPStatus.CREATED)


@require_GET
def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One source: how to send to it, what it sent, and what was wrong with that."""
    return _detail(request, queries.source(request.user, pk))


def _detail(
    request: PersonRequest, integration: Integration, form: SourceForm | None = None, *, status: int = 200
) -> HttpResponse:
    shown = {"name": integration.name, "service": integration.service}
    context = {
        **_signals(request, integration),
        "errors": queries.errors(integration),
        "how_to": queries.how_to(integration),
        "may_configure": queries.may_configure(request.user, integration),
        "form": form or SourceForm(request.user, integration, initial=shown),
    }
    return render(request, "oncall/alerts/integration.html", context, status=status)


@require_GET
def signals_region(request: PersonRequest, pk: int) -> HttpResponse:
    """The last signals alone, for live updates."""
    integration = queries.source(request.user, pk)
    return render(request, "oncall/alerts/_signals.html", _signals(request, integration))


def _signals(request: PersonRequest, integration: Integration) -> dict[str, object]:
    return {
        "source": integration,
        "signals": queries.signals(integration),
        "may_respond": can(request.user, Verb.RESPOND),
    }


@require_POST
def change(request: PersonRequest, pk: int) -> HttpResponse:
    """Give a source another name or service."""
    integration = _mine(request, pk)
    form = SourceForm(request.user, integration, request.POST)
    if not form.is_valid():
        return _detail(request, integration, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    operations.change_integration(integration, **form.cleaned_data, actor=request.user)
    messages.success(request, "Saved. It counts from the next alert on.")
    return redirect("oncall:integration", pk)


@require_POST
@may_respond
def send_test(request: PersonRequest, pk: int) -> HttpResponse:
    """Send a test event the real way: whoever is on call for it is paged."""
    try:
        operations.send_test(queries.source(request.user, pk), actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Test event sent. Whoever is on call for it is being paged.")
    return redirect("oncall:integration", pk)


@password_again
@require_POST
def rotate(request: PersonRequest, pk: int) -> HttpResponse:
    """A new key instead of the old one, shown once."""
    integration = _mine(request, pk)
    key = operations.rotate_key(integration, actor=request.user)
    return _key(request, integration, key)


@require_POST
def activate(request: PersonRequest, pk: int) -> HttpResponse:
    """Take this source's signals again."""
    operations.activate(_mine(request, pk), actor=request.user)
    messages.success(request, "Its signals are taken again.")
    return redirect("oncall:integration", pk)


@require_POST
def deactivate(request: PersonRequest, pk: int) -> HttpResponse:
    """Refuse this source's signals from now on."""
    operations.deactivate(_mine(request, pk), actor=request.user)
    messages.success(request, "Its signals are refused from now on.")
    return redirect("oncall:integration", pk)


def _mine(request: PersonRequest, pk: int) -> Integration:
    integration = queries.source(request.user, pk)
    require(request.user, Verb.CONFIGURE, queries.team_of(integration))
    return integration
