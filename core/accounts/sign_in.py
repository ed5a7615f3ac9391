"""Put a person into the browser's session, and know how long ago they proved who they are."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.accounts import client, operations, sessions
from core.accounts.middleware import page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from core.accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PROVED = "proved_at"

V = TypeVar("V", bound="Callable[..., HttpResponseBase]")


def begin(request: HttpRequest, user: User, *, zone: str = "") -> None:
    """Sign a person in: a new session key, and a session that knows whose it is and from where."""
    operations.note_sign_in(user, zone=zone)
    login(request, user, backend=BACKEND)
    request.session[sessions.ADDRESS] = client.address(request)
    request.session[sessions.AGENT] = request.headers.get("User-Agent", "")[:200]
    request.session[sessions.BEGAN] = time.time()
    sessions.note_visit(request)
    note_proof(request)


def note_proof(request: HttpRequest) -> None:
    """Note that the person has just proved who they are."""
    request.session[PROVED] = time.time()


def proved_recently(request: HttpRequest) -> bool:
    """Say whether the person gave their password within the last 12 hours."""
    proved: float = request.session.get(PROVED, 0)
    return time.time() - proved < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def ask_again(request: HttpRequest) -> HttpResponse:
    """Send a person to the page that asks for the password, and back."""
    address = f"{reverse('account_reauthenticate')}?{urlencode({'next': page_of(request)})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def password_again(view: V) -> V:
    """Ask for the password before this view if the last proof is older than 12 hours."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if proved_recently(request) else ask_again(request)

    return cast("V", guarded)
