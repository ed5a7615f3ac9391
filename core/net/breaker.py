"""Pass over a provider that keeps failing, for a while, so that nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES = 5
WITHIN_SECONDS = 30.0
REST_SECONDS = 30.0


class Breaker:
    """Opens after five failures within 30 s, or at once when an answer was waited for in vain.

    While it is open, one try every 30 s finds out whether the other side is back. Safe to use from several
    threads; each process has its own.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: list[float] = []
        self._try_at: float | None = None

    def allows(self) -> bool:
        """Whether to try now; while it is open, True makes the caller the one who finds out."""
        with self._lock:
            if self._try_at is None:
                return True
            if self._clock() < self._try_at:
                return False
            self._try_at = self._clock() + REST_SECONDS
            return True

    def succeed(self) -> None:
        """Note that the other side took something: closed from now on."""
        with self._lock:
            self._failed_at.clear()
            self._try_at = None

    def fail(self, *, silent: bool = False) -> None:
        """Note a failure; `silent` when it cost the whole time of waiting."""
        with self._lock:
            now = self._clock()
            self._failed_at = [at for at in self._failed_at if now - at < WITHIN_SECONDS] + [now]
            if silent or self._try_at is not None or len(self._failed_at) >= FAILURES:
                self._try_at = now + REST_SECONDS
