"""The only place that publishes to the broker: a doorbell, coalesced, never in the way of a request.

`drain()` marks that something is due and returns at once. One thread per process rings Celery's doorbell at
most every few milliseconds, with short time-outs. While the broker is away it knocks at `pagerd`'s door
through Postgres instead; a lost ring costs `pagerd`'s grace, never a message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.005
BREAKER_SECONDS = 3.0
CHANNEL = "watchbill_drain"


def knock() -> None:
    """Wake every `pagerd` that listens, through Postgres."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_notify(%s, '')", [CHANNEL])
    finally:
        connection.close()


class Doorbell:
    """A thread that rings when asked, at most once per pause; after a failure it only knocks for a while."""

    def __init__(
        self,
        ring: Callable[[], None],
        *,
        knock: Callable[[], None] = knock,
        pause: float = PAUSE_SECONDS,
        breaker: float = BREAKER_SECONDS,
    ) -> None:
        self._ring = ring
        self._knock = knock
        self._pause = pause
        self._breaker = breaker
        self._broken_until = 0.0
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.failures = 0

    def ask(self) -> None:
        """Ask for a ring; never blocks and never raises."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if time.monotonic() < self._broken_until or not self._rings():
                self._knocks()
            threading.Event().wait(self._pause)

    def _rings(self) -> bool:
        try:
            self._ring()
        except Exception as error:  # the broker is allowed to be away
            if not self.failures:
                log.warning("the broker does not answer, pagerd carries on without it: %s", error)
            self.failures += 1
            self._broken_until = time.monotonic() + self._breaker
            return False
        self.failures = 0
        return True

    def _knocks(self) -> None:
        try:
            self._knock()
        except Exception:  # so is Postgres; pagerd looks by itself when it is back
            log.debug("nobody could be woken", exc_info=True)


_doorbell: Doorbell | None = None
_here = threading.local()


def use(ring: Callable[[], None]) -> None:
    """Give the function that rings the doorbell; `config.celery` does, because only it knows the Celery app."""
    global _doorbell  # noqa: PLW0603
    _doorbell = Doorbell(ring)


def drain() -> None:
    """Say that something is due now. Call it from `transaction.on_commit(..., robust=True)` only."""
    if _doorbell is not None and not getattr(_here, "is_quiet", False):
        _doorbell.ask()


@contextmanager
def quiet() -> Iterator[None]:
    """Ring for nothing that this thread makes due meanwhile: it is about to look again by itself."""
    _here.is_quiet = True
    try:
        yield
    finally:
        _here.is_quiet = False
