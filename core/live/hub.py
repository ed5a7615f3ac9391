"""One Redis subscription per process, fanned out to every stream of it.

Runs on the server's event loop. Redis may go away at any time: until it is back, streams are told every two
seconds to look at everything, so that pages stay right without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import orjson
import redis.asyncio as redis
from django.conf import settings
from redis.exceptions import RedisError

from core.live.publish import CHANNEL, EVERYTHING, MARK, mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
SILENCE_SECONDS = 15.0


class Ear:
    """What one stream has yet to hear: topics with the mark of their last change, once each however often they changed."""

    def __init__(self) -> None:
        self._topics: dict[str, str] = {}
        self._here: dict[str, str] = {}
        self._heard = asyncio.Event()

    def tell(self, topics: set[str], at: str) -> None:
        """Note topics that changed."""
        self._topics |= dict.fromkeys(topics, at)
        self._heard.set()

    def show(self, topic: str, told: str) -> None:
        """Note who is there now."""
        self._here[topic] = told
        self._heard.set()

    def shown(self) -> dict[str, str]:
        """Give who is there, by topic, where that changed."""
        here, self._here = self._here, {}
        return here

    async def listen(self, *, seconds: float) -> dict[str, str]:
        """Give what changed with the marks, or nothing after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(
                seconds
            ):  # `wait_for` may lose that the browser left while something was said
                await self._heard.wait()
        self._heard.clear()
        topics, self._topics = self._topics, {}
        return topics


class Hub:
    """All streams of this process, and the task that feeds them."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    @contextlib.asynccontextmanager
    async def ear(self) -> AsyncIterator[Ear]:
        """Listen for as long as the context lasts; the first stream starts the task, the last one ends it."""
        ear = Ear()
        self._ears.add(ear)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            if not self._ears and self._task is not None:
                self._task.cancel()
                self._task = None

    def tell(self, topics: set[str]) -> None:
        """Tell every stream, and with which mark what changed may be asked for."""
        marks = {topic for topic in topics if topic.startswith(MARK)}
        at = max(marks, default="") or mark()
        for ear in self._ears:
            ear.tell(topics - marks, at)

    async def _run(self) -> None:
        quiet = False
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                if not quiet:
                    log.warning("live pages go on without Redis: %s", error)
                quiet = True
            else:
                quiet = False
            finally:
                self.connected = False
            self.tell({EVERYTHING})
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        if not settings.REDIS_URL:
            return
        client = redis.from_url(settings.REDIS_URL, socket_connect_timeout=1.0, socket_timeout=5.0)
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(CHANNEL)
                self.connected = True
                self.tell({EVERYTHING})  # what was said while nobody listened is caught up with
                await self._forward(pubsub)
        finally:
            with contextlib.suppress(RedisError, OSError):
                await client.aclose()

    async def _forward(self, pubsub: redis.client.PubSub) -> None:
        loop = asyncio.get_running_loop()
        asked = heard = loop.time()
        while True:
            message = await pubsub.get_message(timeout=1.0)
            now = loop.time()
            if message is not None:
                heard = now
                if message["type"] == "message":
                    self.tell(set(orjson.loads(message["data"])))
            elif now - heard > SILENCE_SECONDS:
                raise TimeoutError("Redis is silent")
            if now - asked > SILENCE_SECONDS / 3:
                await pubsub.ping()  # a connection that hangs without an end is noticed by its silence
                asked = now


hub = Hub()
