"""Models of the rules by which other tools hand a page to a worker: real rows in the same Postgres, real processes that
are killed, the same receiver. Only the rule is theirs; nothing here says how fast or how complete those tools are.

Each worker claims one page at a time. What it leaves behind when it is killed is up to the rule.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from core.stack.processes import spawn
from tests.waiting import pass_by

if TYPE_CHECKING:
    from tests.chaos.sink import Sink

WORKERS = 3
LEASE_SECONDS = 3
TABLE = """
drop table if exists model_page;
create table model_page (id int primary key, title text not null, state text not null default 'waiting',
    lease_until timestamptz, taken_by int)"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a claim writes, and what becomes of a page whose worker died."""

    name: str
    claimed: str = "sending"
    when_late: str = ""
    when_dead: str = ""


RULES = {
    "goalert": Rule("GoAlert's rule, an expired lease is a failure", when_late="failed"),
    "healthchecks": Rule("Healthchecks' rule, marked before it is sent", claimed="sent"),
    "celery": Rule("Celery's acks_late alone, a dead child's task is acknowledged", when_dead="sent"),
}

_TAKE = """
with due as (select id from model_page where state = 'waiting' order by id limit 1 for update skip locked)
update model_page as page set state = %s, lease_until = now() + %s * interval '1 second', taken_by = pg_backend_pid()
from due where page.id = due.id returning page.id, page.title"""


def work(rule: Rule, address: str, database: str) -> None:
    """Claim, send and mark, until killed."""
    url = urlsplit(address)
    with psycopg.connect(database, autocommit=True) as connection:
        sys.stdout.write(f"{connection.info.backend_pid}\n")
        sys.stdout.flush()
        phone = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
        while True:
            if rule.when_late:
                connection.execute(
                    "update model_page set state = %s where state = 'sending' and lease_until <= now()",
                    [rule.when_late],
                )
            row = connection.execute(_TAKE, [rule.claimed, LEASE_SECONDS]).fetchone()
            if row is None:
                pass_by(0.01)
                continue
            body = json.dumps({"data": {"title": row[1]}})
            phone.request("POST", url.path, body, {"Idempotency-Key": f"{rule.name}-{row[0]}"})
            phone.getresponse().read()
            connection.execute("update model_page set state = 'sent' where id = %s", [row[0]])


class Run:
    """Pages put in at a steady pace, workers killed and started again meanwhile."""

    def __init__(self, key: str, sink: Sink, database: str) -> None:
        self.key, self.rule, self.sink, self.database = key, RULES[key], sink, database
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self.backends: dict[int, int] = {}

    def lost(self, *, pages: int, kills: int, seconds: float) -> int:
        """How many of so many pages never arrive, with so many kills spread over these seconds."""
        word = f"{self.key} {time.time_ns()}"
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(TABLE)
            for n in range(WORKERS):
                self._start(n)
            pouring = threading.Thread(target=self._pour, args=[word, pages, seconds])
            pouring.start()
            chance = random.Random(pages)  # noqa: S311 - the same kills every time
            for _ in range(kills):
                pass_by(seconds / kills)
                self._kill(chance.randrange(WORKERS), connection)
            pouring.join()
            self._settle(connection)
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        arrived = {receipt.title for receipt in self.sink.receipts()}
        return sum(f"{word} {n}" not in arrived for n in range(pages))

    def _start(self, n: int) -> None:
        words = [sys.executable, "-m", __name__, self.key, f"{self.sink.url}/model", self.database]
        worker = spawn(words, stdout=subprocess.PIPE)
        assert worker.stdout is not None
        self.workers[n], self.backends[n] = worker, int(worker.stdout.readline())

    def _kill(self, n: int, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self.workers[n].kill()
        self.workers[n].wait()
        if self.rule.when_dead:
            connection.execute(
                "update model_page set state = %s where state = 'sending' and taken_by = %s",
                [self.rule.when_dead, self.backends[n]],
            )
        self._start(n)

    def _pour(self, word: str, pages: int, seconds: float) -> None:
        began = time.monotonic()
        with psycopg.connect(self.database, autocommit=True) as connection:
            for n in range(pages):
                pass_by(began + n * seconds / pages - time.monotonic())
                connection.execute("insert into model_page (id, title) values (%s, %s)", [n, f"{word} {n}"])

    def _settle(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Wait until nothing moves any more: every lease is over and all that waits was taken."""
        over_at = time.monotonic() + 60
        moving = "select count(*) from model_page where state in ('waiting', 'sending')"
        while time.monotonic() < over_at and connection.execute(moving).fetchone() != (0,):
            pass_by(0.1)


if __name__ == "__main__":
    work(RULES[sys.argv[1]], sys.argv[2], sys.argv[3])
