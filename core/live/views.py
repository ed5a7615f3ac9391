"""`/live/`: server-sent events that say what changed, never how. The page asks again and is checked again."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from core.accounts.policy import public
from core.live import registry
from core.live.hub import hub
from core.live.publish import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from django.http.response import HttpResponseBase

BEAT_SECONDS = 15.0
CHECK_SECONDS = 10.0
LONGEST_SECONDS = 3600.0
MOST_TOPICS = 30
VISIBILITY = "visibility"
"""Said by operations that change who may see something: every stream asks again who may hear what."""


@public
@require_GET
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Stream changes of the topics that this person may hear; without a session there is nothing to hear."""
    topics = [topic for topic in request.GET.get("topics", "").split(",") if topic][:MOST_TOPICS]
    allowed = await _check(request, topics)
    if allowed is None:
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    response = StreamingHttpResponse(_events(request, topics, allowed), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _check(request: HttpRequest, topics: list[str]) -> set[str] | None:
    """Give the topics this session may hear now, or None when it is over; the connection is given back at once."""
    return await sync_to_async(_may_hear, thread_sensitive=False)(request, topics)


def _may_hear(request: HttpRequest, topics: list[str]) -> set[str] | None:
    close_old_connections()
    try:
        session = type(request.session)(request.session.session_key)
        request = HttpRequest()
        request.session = session
        user = get_user(request)
        if not user.is_authenticated or not user.is_active:
            return None
        return {topic for topic in topics if registry.may_hear(user, topic)}
    finally:
        connections.close_all()


async def _events(request: HttpRequest, topics: list[str], allowed: set[str]) -> AsyncIterator[str]:
    """Events until the browser leaves, the session ends, or an hour has passed and it may come back."""
    begun = checked = beaten = time.monotonic()
    async with hub.ear() as ear:
        yield "retry: 2000\nevent: beat\ndata: 1\n\n"
        while time.monotonic() - begun < LONGEST_SECONDS:
            changed = await ear.listen(seconds=min(CHECK_SECONDS, BEAT_SECONDS) / 2)
            now = time.monotonic()
            if now - checked >= CHECK_SECONDS or VISIBILITY in changed:
                again = await _check(request, topics)
                if again is None:
                    return
                allowed, checked = again, now
            for event in _lines(changed, allowed):
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
