"""Alerts poured into a product at a steady pace from several connections, and how each was answered."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from tests import waiting
from tests.chaos.oracle import Accepted

ALERTS = int(os.environ.get("CHAOS_ALERTS", "200"))
PER_SECOND = 50.0
GIVE_UP_SECONDS = 240.0
_words = count(1)


@dataclass(frozen=True, slots=True)
class Load:
    """What is poured in: so many alerts, each in so many copies at once, to the sources of these keys in turn.

    With `groups` all that is sent is about so many things at each of its sources. `keeps_trying` sends again what was not taken, as monitoring does; without it that is a failure. `body` is put
    into each alert.
    """

    port: int
    keys: tuple[str, ...]
    alerts: int = ALERTS
    per_second: float = PER_SECOND
    copies: int = 1
    groups: int = 0
    keeps_trying: bool = False
    body: dict[str, object] = field(default_factory=dict)


class Ledger:
    """What was sent and how it was answered."""

    CONNECTIONS = 4

    def __init__(self, load: Load, word: str) -> None:
        self.load = load
        self.word = f"{word} {time.time_ns()}{next(_words)}"
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        self.statuses: Counter[int] = Counter()
        """How often each status was answered; 0 is no answer at all."""
        shares = (
            [range(load.alerts)] * load.copies
            if load.copies > 1
            else [range(n, load.alerts, self.CONNECTIONS) for n in range(self.CONNECTIONS)]
        )
        self._threads = [threading.Thread(target=self._pour, args=[share], daemon=True) for share in shares]

    def start(self) -> None:
        self._began, self.began_at = time.monotonic(), time.time()
        for thread in self._threads:
            thread.start()

    @property
    def is_pouring(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def wait(self, seconds: float) -> None:
        """Wait until all is sent, at most so long."""
        self._threads[0].join(seconds)

    def _pour(self, numbers: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.load.port, timeout=10)
        for n in numbers:
            waiting.pass_by(self._began + n / self.load.per_second - time.monotonic())
            self._deliver(connection, n)
        connection.close()

    def _deliver(self, connection: http.client.HTTPConnection, n: int) -> None:
        over_at = time.monotonic() + GIVE_UP_SECONDS
        while (why := self._post(connection, n)) is not None:
            if not self.load.keeps_trying or time.monotonic() > over_at:
                self.refused.append(why)
                return
            waiting.pass_by(0.25)

    def _post(self, connection: http.client.HTTPConnection, n: int) -> str | None:
        """Send an alert once; why it was not taken, if it was not."""
        keys = self.load.keys
        title = f"{self.word} alert {(n // len(keys)) % self.load.groups if self.load.groups else n}"
        told = {"title": title, "dedup_key": title, "severity": "critical", **self.load.body}
        key = keys[n % len(keys)]
        headers = {"Content-Type": "application/json"}
        if self.load.copies > 1 and n % 2:
            headers["Idempotency-Key"] = title
        began = time.monotonic()
        try:
            connection.request("POST", f"/integrations/v1/generic/{key}/", json.dumps(told), headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.statuses[0] += 1
            connection.close()
            return f"{title}: {error!r}"
        self.statuses[answer.status] += 1
        if 200 <= answer.status < 300:
            self.accepted.append(Accepted(title, time.time(), time.monotonic() - began))
            return None
        return f"{title}: {answer.status} {said[:200]!r}"
