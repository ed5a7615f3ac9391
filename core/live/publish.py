"""Say that something changed. One thread per process tells Redis; who asks never waits and never fails."""

from __future__ import annotations

import logging
import secrets
import threading
from functools import cache, partial

import orjson
import redis
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

CHANNEL = "watchbill:live"
EVERYTHING = "*"
MARK = "@"
"""What begins with it among topics is no topic, but the mark of their change."""
PAUSE_SECONDS = 0.02
RETRY_SECONDS = 1.0
MOST = 500
"""So many topics wait at most while Redis is away; beyond that listeners are told to look at everything."""


def mark() -> str:
    """Give a mark for what was committed until now: no two are the same."""
    return MARK + secrets.token_hex(8)


class Publisher:
    """Gathers topics and sends them together; what could not be sent is kept for the next try."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = False

    def add(self, topics: tuple[str, ...]) -> None:
        """Note the topics and wake the thread; never blocks and never raises."""
        with self._lock:
            self._waiting.update(topics)
            if len(self._waiting) > MOST:
                self._waiting = {EVERYTHING}
            if self._thread is None or not self._thread.is_alive():  # a forked process has to start its own
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                topics, self._waiting = self._waiting, set()
            if not topics or self._sent(topics):
                threading.Event().wait(PAUSE_SECONDS)
            else:
                threading.Event().wait(RETRY_SECONDS)
                self.add(tuple(topics))

    def _sent(self, topics: set[str]) -> bool:
        try:
            _redis().publish(CHANNEL, orjson.dumps([*sorted(topics), mark()]))
        except (redis.RedisError, OSError) as error:
            if not self._failed:
                log.warning("changes are not announced until Redis answers: %s", error)
            self._failed = True
            return False
        self._failed = False
        return True


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1)


_publisher = Publisher()


def changed(*topics: str) -> None:
    """Tell listeners, once the transaction is committed, that these topics changed.

    `incident-4/timeline` says that nothing but that part of `incident-4` did; who hears the one hears the other.
    """
    if settings.REDIS_URL:
        transaction.on_commit(partial(_publisher.add, topics), robust=True)
