"""The seats of this process: one task takes them, gives them up, and says who is there when that changed.

It looks every few seconds, once for each page that somebody here has open, however many come and go meanwhile.
What it says travels on the streams that are open: nobody asks for anything because somebody came.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

import redis.asyncio as redis
from django.conf import settings
from redis.exceptions import RedisError

from core.live import presence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.live.hub import Ear
    from core.live.presence import Person

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0


class Seat:
    """The place of one stream; empty until its person may be there."""

    def __init__(self, hall: Hall, ear: Ear, topic: str) -> None:
        self._hall, self._ear, self._topic = hall, ear, topic
        self._kept: bytes | None = None

    def hold(self, person: Person | None) -> str:
        """Take it, or give it up at once where there is nobody who may have it; the ticket, where it was taken."""
        if person is None:
            self.leave(0)
            return ""
        if self._kept is not None or not self._topic or not settings.REDIS_URL:
            return ""
        self._kept = presence.seat(secrets.token_urlsafe(12), person)
        self._hall.take(self._topic, self._kept, self._ear)
        return presence.signed(self._topic, self._kept)

    def leave(self, seconds: int) -> None:
        """Give it up after so many seconds."""
        if self._kept is not None:
            self._hall.give_up(self._topic, self._kept, self._ear, seconds)
            self._kept = None


class Hall:
    """All seats of this process, and the task that speaks with Redis."""

    def __init__(self) -> None:
        self._ears: defaultdict[str, set[Ear]] = defaultdict(set)
        self._said: dict[str, str] = {}
        self._news: dict[tuple[str, bytes], int] = {}
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def seat(self, ear: Ear, topic: str) -> AsyncIterator[Seat]:
        """Give a place for as long as the context lasts."""
        seat = Seat(self, ear, topic)
        try:
            yield seat
        finally:
            seat.leave(presence.GRACE_SECONDS)

    def take(self, topic: str, kept: bytes, ear: Ear) -> None:
        """Note that somebody came; the next look says so."""
        self._ears[topic].add(ear)
        self._news[topic, kept] = presence.SECONDS
        if said := self._said.get(topic):
            ear.show(topic, said)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def give_up(self, topic: str, kept: bytes, ear: Ear, seconds: int) -> None:
        """Note that somebody left."""
        self._ears[topic].discard(ear)
        if not self._ears[topic]:
            del self._ears[topic]
            self._said.pop(topic, None)
        self._news[topic, kept] = seconds

    async def _run(self) -> None:
        client = redis.from_url(settings.REDIS_URL, socket_connect_timeout=1.0, socket_timeout=2.0)
        quiet = False
        try:
            while self._ears or self._news:
                try:
                    await self._look(client)
                    quiet = False
                except (RedisError, OSError) as error:
                    if not quiet:
                        log.warning("who is here is not known without Redis: %s", error)
                    quiet = True
                    if not self._ears:
                        self._news.clear()  # what was taken runs out by itself
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            if self._task is asyncio.current_task():
                self._task = None  # before anything is waited for: who comes now starts the next one
            with contextlib.suppress(RedisError, OSError):
                await client.aclose()

    async def _look(self, client: redis.Redis) -> None:
        """Tell Redis what is new, ask who is there, and say so where that changed."""
        news, topics = dict(self._news), list(self._ears)
        async with client.pipeline(transaction=False) as pipe:
            for (topic, kept), seconds in news.items():
                whether = "NX" if seconds == presence.SECONDS else "XX"
                pipe.eval(presence.SIT, 1, presence.PREFIX + topic, seconds, kept, whether)
            for topic in topics:
                pipe.eval(presence.READ, 1, presence.PREFIX + topic)
            answers = await pipe.execute()
        for key, seconds in news.items():
            if self._news.get(key) == seconds:  # nothing happened to it meanwhile
                del self._news[key]
        for topic, seats in zip(topics, answers[len(news) :], strict=True):
            self._say(topic, presence.gathered(seats).told(topic))

    def _say(self, topic: str, told: str) -> None:
        if topic not in self._ears or self._said.get(topic) == told:
            return
        self._said[topic] = told
        for ear in self._ears[topic]:
            ear.show(topic, told)


hall = Hall()
