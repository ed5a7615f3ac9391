"""The doorbell: what is due now is done now, by `pagerd` first. Coalesced, and never in the way of a request.

`drain()` marks that something is due and returns at once. One thread per process knocks at `pagerd`'s door through
Postgres, at most every few milliseconds. Another rings for Celery through the broker a moment later, with short
time-outs: Celery takes what `pagerd` has not taken by then, and all of it where no `pagerd` runs. Nobody waits for
the other, and what is lost of either costs `pagerd`'s grace, never a message.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from core.net.postgres import address

log = logging.getLogger(__name__)

KNOCK_PAUSE_SECONDS = 0.005
RING_AFTER_SECONDS = 0.1
BREAKER_SECONDS = 3.0
CHANNEL = "watchbill_drain"
# What nobody knows of after a crash needs no flush to the disk.
OPTIONS = "-c synchronous_commit=off -c statement_timeout=2s"


def connect() -> psycopg.Connection[Any]:
    """A connection to our database of its own, outside of Django's pool, that is given up when nobody answers."""
    return psycopg.connect(
        address(), connect_timeout=2, tcp_user_timeout=2000, options=OPTIONS, autocommit=True
    )


class Knocker:
    """Wakes every `pagerd` that listens, through Postgres, on one connection that is kept."""

    def __init__(self) -> None:
        self._own: psycopg.Connection[Any] | None = None

    def __call__(self) -> None:
        """Knock; on a connection that was cut off meanwhile once more, on a new one."""
        if self._own is not None:
            with suppress(psycopg.Error):
                self._notify(self._own)
                return
            self.close()
        self._own = connect()
        self._notify(self._own)

    def _notify(self, own: psycopg.Connection[Any]) -> None:
        own.execute("select pg_notify(%s, '')", [CHANNEL])

    def close(self) -> None:
        """Close the connection."""
        if self._own is not None:
            self._own.close()
            self._own = None


class Bell:
    """A thread that acts when asked, `after` so many seconds and at most once in `pause` of them.

    After a failure it does nothing for `breaker` seconds but remember that it was asked.
    """

    def __init__(
        self,
        act: Callable[[], None],
        *,
        name: str,
        after: float = 0.0,
        pause: float = 0.0,
        breaker: float = 0.0,
    ) -> None:
        self._act = act
        self._name = name
        self._after = after
        self._pause = pause
        self._breaker = breaker
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.failures = 0

    def ask(self) -> None:
        """Ask for it; never blocks and never raises."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # a forked process has to start its own
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            _pass(self._after)
            self._wanted.clear()
            _pass(self._pause if self._acts() else max(self._pause, self._breaker))

    def _acts(self) -> bool:
        try:
            self._act()
        except Exception as error:  # whoever is asked is allowed to be away
            if not self.failures:
                log.warning("the %s is out of order, work goes on without it: %s", self._name, error)
            self.failures += 1
            return False
        self.failures = 0
        return True


def _pass(seconds: float) -> None:
    if seconds:
        threading.Event().wait(seconds)


class Doorbell:
    """Knocks at once, rings a moment later."""

    def __init__(self, ring: Callable[[], None], *, knock: Callable[[], None]) -> None:
        self.knock = knock
        self._bells = (
            Bell(knock, name="door", pause=KNOCK_PAUSE_SECONDS),
            Bell(ring, name="broker", after=RING_AFTER_SECONDS, breaker=BREAKER_SECONDS),
        )

    def ask(self) -> None:
        """Ask for both; never blocks and never raises."""
        for bell in self._bells:
            bell.ask()


_doorbell: Doorbell | None = None
_ring: Callable[[], None] | None = None
_here = threading.local()


def use(ring: Callable[[], None]) -> None:
    """Give the function that rings for Celery; `config.celery` does, because only it knows the Celery app."""
    global _ring  # noqa: PLW0603
    _ring = ring
    _hang()


def _hang() -> None:
    """Hang up a doorbell, and a new one in a forked process: threads, locks and connections are its parent's."""
    global _doorbell  # noqa: PLW0603
    _doorbell = Doorbell(_ring, knock=Knocker()) if _ring is not None else None


os.register_at_fork(after_in_child=_hang)


def take_down() -> None:
    """Ring for nothing any more, and leave no connection behind."""
    global _doorbell
    taken, _doorbell = _doorbell, None
    if taken is not None and isinstance(taken.knock, Knocker):
        taken.knock.close()


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
