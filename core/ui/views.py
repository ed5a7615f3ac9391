"""The shell's own pages, and the pages for when something went wrong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST, require_safe

from core.ui import showcase
from core.ui.context import THEMES
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpRequest

log = logging.getLogger(__name__)


@require_GET
def more(request: HttpRequest) -> HttpResponse:
    """Everything there is, as a plain list: the fifth tab of the phone's bar."""
    return render(request, "ui/more.html")


@require_GET
def mood(request: HttpRequest) -> HttpResponse:
    """What the tab shows, alone, for live updates."""
    return render(request, "ui/_mood.html")


@require_GET
def kit(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    return render(request, "ui/kit.html", showcase.context())


@login_not_required
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root because it works for everything below where it lies."""
    script = (settings.BASE_DIR / "static" / "sw.js").read_bytes()
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back."""
    chosen = request.POST.get("theme", "")
    after = request.POST.get("next", "")
    known = url_has_allowed_host_and_scheme(after, {request.get_host()}, request.is_secure())
    response = HttpResponseRedirect(after if known else "/")
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=365 * 86400, secure=settings.HTTPS, httponly=True, samesite="Lax"
        )
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 without saying more than that."""
    return _plain(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with who can help."""
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; absent and invisible look the same."""
    return render(request, "404.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token did not fit, which an expired sign-in is the usual reason for."""
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 from a page that needs neither the database nor the session."""
    log.error("request %s failed: %s %s", _id(request), request.method, request.path)
    return _plain(request, "500.html", 500)


def _plain(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template, {"request_id": _id(request)}), status=status)


def _id(request: HttpRequest) -> str:
    return getattr(request, "request_id", "none")
