"""The doors at which services call us: open to anybody, so each view behind one asks for proof first."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.accounts.policy import public
from core.channels import callback

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def from_outside(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to a service, which proves itself in it."""

    @public
    @csrf_exempt
    @require_POST
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return opened


def refused(status: HTTPStatus = HTTPStatus.FORBIDDEN) -> HttpResponse:
    """The answer to whoever proved nothing."""
    return HttpResponse("Not signed, or heard before.", status=status, content_type="text/plain")


def key_of(message: str) -> str:
    """The key of the message that an address names; 404 for a name that was not made here."""
    key = callback.read(message)
    if key is None:
        raise Http404
    return key
