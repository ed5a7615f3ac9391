from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import Verb, can, may_configure, may_respond
from core.ui.render import render
from statuspage.components import operations, queries
from statuspage.components.forms import ComponentForm, PageForm, PageSettingsForm, StateForm
from statuspage.components.models import ComponentState, StatusPage

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


SETTINGS = "page"
"""Keeps the fields of the settings apart from those of a new component."""


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """The status pages of this install."""
    context = {"pages": queries.pages(), "may_configure": can(request.user, Verb.CONFIGURE)}
    return render(request, "statuspage/components/index.html", context)


@require_http_methods(["GET", "POST"])
@may_configure
def create(request: PersonRequest) -> HttpResponse:
    """A new page."""
    form = PageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        page = operations.create_page(actor=request.user, **form.cleaned_data)
        return redirect("statuspage:manage", page.slug)
    return render(
        request, "statuspage/components/create.html", {"form": form}, status=422 if form.is_bound else 200
    )


@require_GET
def manage(request: PersonRequest, slug: str) -> HttpResponse:
    """The components of a page with their states, to change by hand, and its settings."""
    return _manage(request, queries.page(slug))


@require_POST
@may_configure
def change(request: PersonRequest, slug: str) -> HttpResponse:
    """Change the settings of a page."""
    page = queries.page(slug)
    form = PageSettingsForm(request.POST, instance=queries.page(slug), prefix=SETTINGS)
    if not form.is_valid():
        return _manage(request, page, settings=form, status=422)
    operations.change_page(page, actor=request.user, **form.cleaned_data)
    messages.success(request, "Saved." if page.is_public else "Saved. Nobody outside can read it now.")
    return redirect("statuspage:manage", slug)


@require_POST
@may_configure
def add(request: PersonRequest, slug: str) -> HttpResponse:
    """Add a component to a page."""
    page = queries.page(slug)
    form = ComponentForm(request.POST)
    if not form.is_valid():
        return _manage(request, page, form, status=422)
    operations.add_component(page, actor=request.user, **form.cleaned_data)
    messages.success(request, "Component added.")
    return redirect("statuspage:manage", slug)


@require_POST
@may_respond
def set_state(request: PersonRequest, slug: str, public_id: str) -> HttpResponse:
    """Show a component in another state at once."""
    component = queries.component(slug, public_id)
    form = StateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That state does not exist.")
    elif operations.set_state(component, state=form.cleaned_data["state"], actor=request.user):
        messages.success(
            request, f"Customers now see {component.name} as {component.get_state_display().lower()}."
        )
    return redirect("statuspage:manage", slug)


def _manage(
    request: PersonRequest,
    page: StatusPage,
    form: ComponentForm | None = None,
    *,
    settings: PageSettingsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": page,
        "form": form or ComponentForm(),
        "settings": settings or PageSettingsForm(instance=page, prefix=SETTINGS),
        "states": ComponentState.choices,
        "may_respond": can(request.user, Verb.RESPOND),
        "may_configure": can(request.user, Verb.CONFIGURE),
    }
    return render(request, "statuspage/components/manage.html", context, status=status)
