"""What `pagerd` does beside its work: the canary, the heartbeat, the alarms. Needs Postgres and the web process.

A part that fails is logged, and the others go on. When all of it stops, no heartbeat goes out, and that is heard
outside.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from core import live
from core.net import http
from core.stack import self_status
from core.watch import canary, direct, operations, queries, readings, registry, rules
from core.watch.rules import Grade, Seen

if TYPE_CHECKING:
    from core.watch.queries import Health
    from core.watch.registry import Chore, Probe

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
LOOK_SECONDS = 10.0


class Watcher:
    """Turn by turn, a second apart: send what is to be sent, see what came through; every ten look at everything."""

    def __init__(self) -> None:
        self._look_at = 0.0
        self._clock = Clock()
        self._bad: set[str] = set()
        self._chores_at: dict[str, float] = {}

    def run(self, over: threading.Event) -> None:
        """Watch until the pager ends."""
        if not settings.SELF_WATCH:
            return
        while not over.wait(TICK_SECONDS):
            self.turn()

    def turn(self) -> None:
        """Do what is due now. Without Postgres that is to say so in the file; the pager says it in its log."""
        if queries.now() is None:
            self_status.write(_said(queries.health()))
            connection.close()
            return
        parts: list[tuple[str, Callable[[], object]]] = [("the heartbeat", beat)]
        if (probe := registry.probe()) is not None:
            parts.insert(0, ("the canary", partial(fly, probe)))
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            parts += [("the clock", self._clock.look), ("the alarms", self.look)]
            parts += [("alarms that nobody took", direct.send_untaken)]
        parts += [(chore.name, chore.run) for chore in registry.chores() if self._is_due(chore)]
        for name, part in parts:
            _do(name, part)
            connection.close()

    def _is_due(self, chore: Chore) -> bool:
        now = time.monotonic()
        is_due = now >= self._chores_at.get(chore.name, 0.0)
        if is_due:
            self._chores_at[chore.name] = now + chore.every_seconds
        return is_due

    def look(self) -> None:
        """Look at everything, tell admins what is bad and what is over, and let open pages show it.

        Only what is bad at two looks in a row is told: after a start or an outage much is late for a moment.
        """
        health = queries.health()
        self_status.write(_said(health))
        bad = {seen.name: seen for seen in health.seen if seen.alarms and seen.reading.grade is Grade.BAD}
        for name in bad.keys() & self._bad:
            operations.raise_alarm(bad[name])
        self._bad = set(bad)
        operations.clear_alarms()
        live.changed("watch")


class Clock:
    """Whether the database's clock goes on as this process's does; what is due hangs on it."""

    def __init__(self) -> None:
        self._ahead: float | None = None

    def look(self) -> None:
        """Raise the alarm when it has jumped since the last look."""
        ahead = queries.clock() - time.monotonic()
        jump = 0.0 if self._ahead is None else ahead - self._ahead
        self._ahead = ahead
        if (reading := readings.jump(jump)).grade is Grade.BAD:
            operations.raise_alarm(Seen("clock", "The clock of Postgres", reading))


def fly(probe: Probe) -> None:
    """Send this minute's canary if nobody has, and note and clear away those that came through."""
    slot = operations.begin_canary()
    if slot is not None:
        _do("sending the canary", partial(probe.send, slot))
    through = {slot: at for slot in canary.open_slots() if (at := probe.arrived(slot)) is not None}
    for slot, at in through.items():
        operations.note_arrival(slot, at=at)
    lost = canary.lost_slots()
    if through or lost:
        probe.forget([*through, *lost])
        operations.forget_lost(lost)


def beat() -> None:
    """Tell the outside that a test page came through; only then, and once for each."""
    if not settings.HEARTBEAT_URLS or not operations.take_heartbeat():
        return
    for url in settings.HEARTBEAT_URLS:
        operations.note_heartbeat(url, error=_call(url))


def _call(url: str) -> str:
    """Give what went wrong, "" when the address answered well."""
    try:
        answer = http.request("POST", url)
    except (http.Failed, http.Blocked) as error:
        return str(error)
    return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"


def _said(health: Health) -> dict[str, Any]:
    return rules.self_status(health.grade, health.seen, at=datetime.now(UTC))


def _do(what: str, part: Callable[[], object]) -> None:
    try:
        part()
    except Exception:  # nothing may end the watch
        log.exception("%s failed", what)
