"""What a service's HTTP answer means for a message, whatever the service."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from core.channels.registry import Permanent, Temporary

if TYPE_CHECKING:
    from core.net import http

LONGEST = 200
LATER = {408, 425, 429}


def judge(answer: http.Response, *, refused: type[Permanent] = Permanent) -> None:
    """Return for any 2xx. Raise Temporary for what may be taken later, else `refused`."""
    if 200 <= answer.status < 300:
        return
    if answer.status >= 500 or answer.status in LATER:
        raise Temporary(words(answer), retry_after=retry_after(answer))
    raise refused(words(answer))


def words(answer: http.Response) -> str:
    """The status and a little plain text of the answer."""
    said = " ".join(answer.body.decode("utf-8", "replace").split())
    printable = "".join(letter for letter in said if letter.isprintable())[:LONGEST]
    return f"HTTP {answer.status} {printable}".strip()


def retry_after(answer: http.Response) -> float | None:
    """Seconds that the other side asks to wait, None where it does not say."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        # The difference of the other side's own two times, so that nobody's clock matters.
        until = parsedate_to_datetime(value)
        return max(0.0, (until - parsedate_to_datetime(answer.headers["date"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None
