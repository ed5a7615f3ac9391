"""Headers for every answer, a name for every request, and a plain answer where an operation refused."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from core.errors import Refused
from core.ui import refusals

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
SANDBOX = "; ".join(["default-src 'none'", "frame-ancestors 'none'", "sandbox"])
"""For what is to be saved: opened all the same, it runs nothing, loads nothing and has no origin."""
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "hid",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
)


class SecurityHeaders:
    """Set the headers no answer may lack.

    The content policy cannot be loosened by a view; what is to be saved has a stricter one. A view may set its own
    Cache-Control (public pages, feeds) and its own Referrer-Policy (`no-referrer` where the address itself is a secret).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, then add the headers."""
        request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined]
        response = self.get_response(request)
        is_saved = response.get("Content-Disposition", "").startswith("attachment")
        response["Content-Security-Policy"] = SANDBOX if is_saved else CONTENT_SECURITY_POLICY
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        response.setdefault("Cache-Control", "private, no-store")
        return response


class RefusalAnswers:
    """Where an operation refused and the view did not say how to show it, show the reason."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as the view does."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a refusal into a 409 with its reason; leave every other exception alone."""
        return refusals.answer(request, exception) if isinstance(exception, Refused) else None
