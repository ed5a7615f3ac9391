"""`/live/`: server-sent events that say what changed, never how. The page asks again and is checked again."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import public
from core.live import presence, registry
from core.live.hub import hub
from core.live.presence import Person
from core.live.publish import EVERYTHING
from core.live.seats import hall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http.response import HttpResponseBase

BEAT_SECONDS = 15.0
CHECK_SECONDS = 10.0
LONGEST_SECONDS = 3600.0
MOST_TOPICS = 30
VISIBILITY = "visibility"
"""Said by operations that change who may see something: every stream asks again who may hear what."""


class Listener(NamedTuple):
    """Who listens, and which topics they may hear now."""

    allowed: set[str]
    person: Person


@public
@require_GET
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Stream changes of the topics that this person may hear; without a session there is nothing to hear."""
    topics = [topic for topic in request.GET.get("topics", "").split(",") if topic][:MOST_TOPICS]
    listener = await _check(request, topics)
    if listener is None:
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    at = request.GET.get("here", "")
    events = _events(request, topics, listener, at=at if at in topics and registry.is_attended(at) else "")
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@public
@require_POST
def here(request: HttpRequest) -> HttpResponse:
    """Keep the seat of a page that is still open; 410 where it is lost, and the stream has to be opened again."""
    kept = presence.keep(request.POST.get("seat", ""))
    return HttpResponse(status=HTTPStatus.NO_CONTENT if kept else HTTPStatus.GONE)


async def _check(request: HttpRequest, topics: list[str]) -> Listener | None:
    """Give who listens and what they may hear now, None when the session is over; the connection is given back at once."""
    return await sync_to_async(_may_hear, thread_sensitive=False)(request, topics)


def _may_hear(request: HttpRequest, topics: list[str]) -> Listener | None:
    close_old_connections()
    try:
        session = type(request.session)(request.session.session_key)
        request = HttpRequest()
        request.session = session
        user = get_user(request)
        if not user.is_authenticated or not user.is_active:
            return None
        allowed = {topic for topic in topics if registry.may_hear(user, topic)}
        return Listener(allowed, Person(user.pk, str(user), user.initials))
    finally:
        connections.close_all()


async def _events(
    request: HttpRequest, topics: list[str], listener: Listener, *, at: str
) -> AsyncIterator[str]:
    """Events until the browser leaves, the session ends, or an hour has passed and it may come back.

    `at` is the topic whose page they have open, where it is said who has.
    """
    allowed = listener.allowed
    begun = checked = beaten = time.monotonic()
    async with hub.ear() as ear, hall.seat(ear, at) as seat:
        yield "retry: 2000\nevent: beat\ndata: 1\n\n"
        if ticket := seat.hold(listener.person if at in allowed else None):
            yield f"event: seat\ndata: {ticket}\n\n"
        while time.monotonic() - begun < LONGEST_SECONDS:
            changed = await ear.listen(seconds=min(CHECK_SECONDS, BEAT_SECONDS) / 2)
            now = time.monotonic()
            if now - checked >= CHECK_SECONDS or VISIBILITY in changed:
                again = await _check(request, topics)
                if again is None:
                    return
                allowed, checked = again.allowed, now
                if ticket := seat.hold(again.person if at in allowed else None):
                    yield f"event: seat\ndata: {ticket}\n\n"
            for event in [*_lines(changed, allowed), *_who(ear.shown(), allowed)]:
                yield event
                beaten = now
            if now - beaten >= BEAT_SECONDS:
                yield "event: beat\ndata: 1\n\n"
                beaten = now


def _lines(changed: dict[str, str], allowed: set[str]) -> list[str]:
    """Give the events; the `id` of each is the mark with which the parts of the page are asked for."""
    for everything in (VISIBILITY, EVERYTHING):
        if everything in changed:
            return [f"event: resync\nid: {changed[everything]}\ndata: 1\n\n"]
    return [
        f"event: changed\nid: {changed[topic]}\ndata: {topic}\n\n"
        for topic in sorted(changed)
        if (whole := topic.partition("/")[0]) in allowed and (topic == whole or whole not in changed)
    ]


def _who(shown: dict[str, str], allowed: set[str]) -> list[str]:
    """Give the events that say who is there."""
    return [f"event: here\ndata: {told}\n\n" for topic, told in shown.items() if topic in allowed]
