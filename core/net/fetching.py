"""Fetches what somebody named by its address, and follows a few redirects: each is checked as the address was."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from core.net import http, targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.net.http import Response

MOST_REDIRECTS = 3
SECONDS = 10.0
REDIRECTS = {301, 302, 303, 307, 308}


def get(url: str, *, most_bytes: int, headers: Mapping[str, str] | None = None) -> Response:
    """Read an address, whatever its status, in ten seconds and with three redirects at most.

    Raise what `http.request` raises; Blocked as well for a redirect from https to http, or one too many.
    """
    until = time.monotonic() + SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        left = max(0.001, until - time.monotonic())
        answer = http.request("GET", url, headers=headers, timeout=left, most_bytes=most_bytes)
        if answer.status not in REDIRECTS or "location" not in answer.headers:
            return answer
        url = _next(url, answer.headers["location"])
    raise targets.Blocked(f"The address redirects more than {MOST_REDIRECTS} times.")


def _next(url: str, location: str) -> str:
    try:
        following = urljoin(url, location.strip())
    except ValueError as error:
        raise targets.Blocked("The address redirects to what is no web address.") from error
    if targets.parse(url).scheme == "https" and targets.parse(following).scheme == "http":
        raise targets.Blocked("The address redirects from https:// to http://.")
    return following
