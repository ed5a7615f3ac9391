from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from core.accounts import sign_in
from core.errors import Refused
from core.stack import health, metrics, operations, self_status
from core.stack.forms import FirstAdmin
from core.ui.render import render

if TYPE_CHECKING:
    from core.stack.health import State


@login_not_required
@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """The process can do its work: Postgres answers."""
    return _answer(health.ready())


@login_not_required
@never_cache
@require_safe
def pager(_request: HttpRequest) -> HttpResponse:
    """Pages go out: a pager finished a whole round within the last 10 s."""
    return _answer(health.pager())


@login_not_required
@never_cache
@require_safe
def paging(_request: HttpRequest) -> HttpResponse:
    """What the pager last said of itself, from a file: answered while Postgres is away."""
    said = self_status.read()
    if said is None:
        return JsonResponse({"status": "unknown"}, status=404)
    return HttpResponse(said, content_type="application/json")


@login_not_required
@never_cache
@require_GET
def metrics_page(_request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus."""
    content, content_type = metrics.exposition()
    return HttpResponse(content, content_type=content_type)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def first_admin(request: HttpRequest) -> HttpResponse:
    """The first-run page of a production install; gone as soon as there is anybody."""
    if not operations.needs_first_admin():
        raise Http404
    form = FirstAdmin(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            admin = operations.make_first_admin(
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password"],
            )
        except Refused as error:
            raise Http404 from error
        sign_in.begin(request, admin)
        return redirect("home")
    return render(request, "ui/first_admin.html", {"form": form}, status=422 if form.is_bound else 200)


def _answer(state: State) -> HttpResponse:
    return JsonResponse({"status": state.text}, status=200 if state.ok else 503)
