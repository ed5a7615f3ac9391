"""What a sender is answered, to the letter of what it knows from the product it used before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from core.stack.bodies import Send

RETRY_AFTER_SECONDS = b"5"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and its type; `retry` asks the sender to come again."""

    status: int
    body: bytes
    content_type: bytes = b"text/plain; charset=utf-8"
    retry: bool = False

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [
            (b"content-type", self.content_type),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if self.retry:
            headers.append((b"retry-after", RETRY_AFTER_SECONDS))
        if self.status == 405:
            headers.append((b"allow", b"POST"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True)
class Style:
    """The answers of a family of addresses to what can go wrong."""

    unknown_key: Answer
    wrong_kind: Answer
    cut_short: Answer
    too_large: Answer
    overloaded: Answer
    away: Answer


def _json(status: int, content: dict[str, object], *, retry: bool = False) -> Answer:
    return Answer(status, orjson.dumps(content), b"application/json", retry)


def invalid(errors: Sequence[str]) -> Answer:
    """PagerDuty's answer to an event that is not one, with what is wrong with it."""
    return _json(
        400, {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    )


def processed(dedup_key: str) -> Answer:
    """PagerDuty's answer to an accepted event; a change event has no dedup key."""
    content: dict[str, object] = {"status": "success", "message": "Event processed"}
    return _json(202, {**content, "dedup_key": dedup_key} if dedup_key else content)


OK = Answer(200, b"Ok.")
ONLY_POST = Answer(405, b"Send signals with POST.")
UNRECOGNISED = _json(
    400,
    {
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    },
)
UNKNOWN_KIND = Answer(400, b"There is no source of this kind.")

# Alertmanager retries 5xx alone: a 429 or 408 would lose the page.
PLAIN = Style(
    unknown_key=Answer(403, b"Integration key was not found. Permission denied."),
    wrong_kind=Answer(400, b"This key belongs to a source of another kind."),
    cut_short=Answer(400, b"The body is shorter than its Content-Length."),
    too_large=Answer(413, b"The body is over 1 MB."),
    overloaded=Answer(503, b"Too many signals at once. Send it again.", retry=True),
    away=Answer(503, b"Signals cannot be stored right now. Send it again.", retry=True),
)
PAGERDUTY = Style(
    unknown_key=invalid(["'routing_key' is not a key of this server"]),
    wrong_kind=invalid(["'routing_key' belongs to a source of another kind"]),
    cut_short=invalid(["The body is shorter than its Content-Length"]),
    too_large=_json(
        413,
        {
            "status": "invalid event",
            "message": "Event object is too large",
            "errors": ["The body is over 1 MB"],
        },
    ),
    overloaded=_json(
        429, {"status": "throttle exceeded", "message": "Too many events at once. Send it again."}, retry=True
    ),
    away=_json(
        503, {"status": "internal error", "message": "Events cannot be stored right now."}, retry=True
    ),
)
PAGERDUTY_BY_ADDRESS = replace(PAGERDUTY, unknown_key=PLAIN.unknown_key, wrong_kind=PLAIN.wrong_kind)
