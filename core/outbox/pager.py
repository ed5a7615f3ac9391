"""The loop of `pagerd`: needs Postgres and nothing else, outlives its restarts, looks by itself every second.

What is due in between, such as the next level of an escalation, it looks for at that moment. Of several pagers one leads
and goes at once; the others look a moment later for what it has left, so that they do not all do the same at once.
"""

from __future__ import annotations

import contextlib
import logging
import random
import select
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection

from core.events import nudge
from core.outbox import draining, registry, sending

if TYPE_CHECKING:
    from core.outbox.registry import Companion

log = logging.getLogger(__name__)

COMPANION_SECONDS = 3.0
"""How long what runs beside is waited for at the end."""
LEAD_AGAIN_SECONDS = 1.0
LEAD = "select pg_try_advisory_lock(7020, 0)"
"""Kept by the connection on which it listens, so it ends with the process, or with its machine."""


class Pager:
    """Drain, wait for the grace or a knock, drain again; until it is asked to stop."""

    def __init__(self) -> None:
        self._stopping = False
        self._over = threading.Event()
        self._sender = sending.Sender(owner=sending.worker_name("pagerd"))
        self._ears: psycopg.Connection[Any] | None = None
        self._is_away = False
        self._leads = False
        self._ask_again_at = 0.0
        # A signal writes one byte here, so that waiting ends at once.
        self._woken, self._waker = socket.socketpair()
        self._waker.settimeout(0)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what is under way then is finished."""
        signal.set_wakeup_fd(self._waker.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        beside = [self._start(companion) for companion in registry.companions()]
        while not self._stopping:
            self._wait(self._drain())
        for thread in beside:
            thread.join(COMPANION_SECONDS)
        self._close()

    def _start(self, companion: Companion) -> threading.Thread:
        thread = threading.Thread(target=companion.run, args=(self._over,), name=companion.name, daemon=True)
        thread.start()
        return thread

    def _stop(self, *_: object) -> None:
        self._stopping = True
        self._over.set()

    def _drain(self) -> float:
        """Do all that is due; give how many seconds to wait until there is reason to look again."""
        grace: float = settings.PAGER_GRACE_MS / 1000 * random.uniform(0.8, 1.0)  # noqa: S311
        try:
            draining.drain(
                kind="pagerd", sender=self._sender, stopping=lambda: self._stopping, helps=not self._leads
            )
            soon = draining.seconds_until_due()
        except DatabaseError as error:
            if not self._is_away:
                log.warning("Postgres does not answer, trying again until it does: %s", error)
            self._is_away = True
            self._close()
        except Exception:  # nothing may end this loop
            log.exception("a round failed")
        else:
            if self._is_away:
                log.warning("Postgres answers again")
            self._is_away = False
            behind = 0.0 if self._leads else draining.BEHIND_SECONDS
            return grace if soon is None else min(grace, max(soon, 0.0) + behind)
        return grace

    def _wait(self, seconds: float) -> None:
        """Wait so long, or until somebody knocks or a signal comes."""
        ears = self._listen()
        doors = [self._woken.fileno(), *([ears.fileno()] if ears is not None else [])]
        ready, _, _ = select.select(doors, [], [], seconds)
        if ears is None:
            return
        knocked = ears.fileno() in ready
        self._ask_to_lead(ears)
        if knocked:
            if not self._leads:
                select.select([self._woken.fileno()], [], [], draining.BEHIND_SECONDS)
            self._hear(ears)

    def _listen(self) -> psycopg.Connection[Any] | None:
        if self._ears is None and not self._is_away:
            try:
                self._ears = nudge.connect()
                self._ears.execute(f"listen {nudge.CHANNEL}")
            except psycopg.Error:
                self._ears = None
        return self._ears

    def _ask_to_lead(self, ears: psycopg.Connection[Any]) -> None:
        """Lead where nobody does; asked at most once a second, and before work, for it may swallow a knock."""
        now = time.monotonic()
        if self._leads or now < self._ask_again_at:
            return
        self._ask_again_at = now + LEAD_AGAIN_SECONDS
        try:
            self._leads = ears.execute(LEAD).fetchone() == (True,)
        except psycopg.Error:
            self._hang_up()

    def _hear(self, ears: psycopg.Connection[Any]) -> None:
        """Take in the knocks, however many; a broken connection is opened again for the next wait."""
        try:
            for _ in ears.notifies(timeout=0):
                pass
        except psycopg.Error:
            self._hang_up()

    def _close(self) -> None:
        """Forget connections that may be broken; the next use opens new ones."""
        with contextlib.suppress(Exception):
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]
        self._hang_up()

    def _hang_up(self) -> None:
        """Hear no knock any more, and lead no longer; whoever led lets the others ask first."""
        if self._ears is not None:
            self._ears.close()
        if self._leads:
            self._ask_again_at = time.monotonic() + 2 * LEAD_AGAIN_SECONDS
        self._ears, self._leads = None, False
