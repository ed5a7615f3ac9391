from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseNotFound
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from core.stack import operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class Monitoring:
    """Answer /health/ and /metrics ahead of host names and sessions: probes come by any name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, or pass the request on."""
        if not (request.path.startswith("/health/") or request.path == "/metrics"):
            return self.get_response(request)
        try:
            found = resolve(request.path)
        except Resolver404:
            return HttpResponseNotFound()
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answer


class FirstRun:
    """Lead the first visitor of an empty install from the sign-in page to the one that makes the admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.settled = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect while there is nobody who could sign in."""
        if settings.PRODUCTION and not self.settled and request.path == reverse("account_login"):
            if operations.needs_first_admin():
                return redirect("stack:setup")
            self.settled = True
        return self.get_response(request)
