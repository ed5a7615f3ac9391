"""How many requests a minute one token or person may make. Without the cache everything passes."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

from core.tokens.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
BREAKER_SECONDS = 5.0


class PerToken(BaseThrottle):
    """A window of a minute per token, or per person where it is the browser's session."""

    quiet_until = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request; the answer says how long to wait."""
        user = request.user
        if not user.is_authenticated:
            return True
        who = f"token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user-{user.pk}"
        return within(f"api-{who}", settings.API_REQUESTS_PER_MINUTE)

    def wait(self) -> float:
        """Give the seconds until the next window opens."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS + 1


def within(who: str, most: int) -> bool:
    """Count a request in this minute's window; say whether there were at most so many."""
    if time.monotonic() < PerToken.quiet_until:
        return True
    key = f"{who}-{int(time.time()) // WINDOW_SECONDS}"
    try:
        return (1 if cache.add(key, 1, 2 * WINDOW_SECONDS) else cache.incr(key)) <= most
    except Exception:  # Redis is allowed to be away
        log.warning("the cache does not answer; requests are not counted", exc_info=True)
        PerToken.quiet_until = time.monotonic() + BREAKER_SECONDS
        return True
