"""Say that something changed. One thread per process tells Redis; who asks never waits and never fails."""

from __future__ import annotations

import threading
from functools import cache, partial

import orjson
import redis
from django.conf import settings
from django.db import transaction

from core.events.nudge import Doorbell

CHANNEL = "watchbill:live"
EVERYTHING = "*"
MOST = 500
"""So many topics wait at most while Redis is away; beyond that listeners are told to look at everything."""


class Publisher:
    """Gathers topics and sends them together; what could not be sent is kept for the next try."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._bell = Doorbell(self._send, pause=0.02)

    def add(self, topics: tuple[str, ...]) -> None:
        """Note the topics and ask the thread to send them."""
        with self._lock:
            self._waiting.update(topics)
            if len(self._waiting) > MOST:
                self._waiting = {EVERYTHING}
        self._bell.ask()

    def _send(self) -> None:
        with self._lock:
            topics, self._waiting = self._waiting, set()
        if not topics:
            return
        try:
            _redis().publish(CHANNEL, orjson.dumps(sorted(topics)))
        except redis.RedisError:
            self.add(tuple(topics))
            raise


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1)


_publisher = Publisher()


def changed(*topics: str) -> None:
    """Tell listeners, once the transaction is committed, that these topics changed."""
    if settings.REDIS_URL:
        transaction.on_commit(partial(_publisher.add, topics), robust=True)
