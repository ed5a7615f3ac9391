"""What every request passes: where it comes from, who is signed in, and in which time zone they live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from core.accounts import client, sessions, visit
from core.events import bus

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


def is_public(view: Callable[..., object]) -> bool:
    """Say whether a view answers people who are not signed in, or asks for itself as the API does."""
    return not getattr(view, "login_required", True)


class Origin:
    """Note where a request comes from and whether it writes, for the events it causes and for what it may see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with both noted."""
        token = bus.origin.set(client.address(request))
        noted = visit.current.set(visit.of(request.method, request.path))
        try:
            return self.get_response(request)
        finally:
            visit.current.reset(noted)
            bus.origin.reset(token)


class SignInRequired:
    """Refuse every view to strangers unless it is marked `@public`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as the view does."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send a stranger to the sign-in page and back to where they wanted to be."""
        if is_public(view):
            return None
        if request.user.is_authenticated:
            sessions.note_visit(request)
            return None
        address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': page_of(request)})}"
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)


class PersonTimeZone:
    """Show times in the zone of the signed-in person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and leave the thread as it was found."""
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def process_view(self, request: HttpRequest, view: Callable[..., object], args: Any, kwargs: Any) -> None:
        """Put the person's zone in force; public pages have their own and never look at the session."""
        if is_public(view) or not request.user.is_authenticated:
            return
        try:
            timezone.activate(ZoneInfo(request.user.time_zone))
        except (ZoneInfoNotFoundError, ValueError):
            timezone.activate(ZoneInfo(settings.ORGANISATION_TIME_ZONE))


def page_of(request: HttpRequest) -> str:
    """Give the page to come back to: where a form or a fragment is concerned, the page that holds it."""
    if request.headers.get("HX-Request") == "true":
        return _own_path(request, request.headers.get("HX-Current-URL", ""))
    if request.method not in {"GET", "HEAD"}:
        return _own_path(request, request.headers.get("Referer", ""))
    return request.get_full_path()


def _own_path(request: HttpRequest, address: str) -> str:
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return "/"
    parts = urlsplit(address)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
