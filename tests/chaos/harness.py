"""The whole product as processes, alerts poured in from outside, and somebody who restarts what dies."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests import waiting
from tests.chaos import report
from tests.chaos.oracle import Accepted, Row, Verdict, judge
from tests.chaos.sink import Sink
from tests.running import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE_SECONDS = 3
ALERTS = int(os.environ.get("CHAOS_ALERTS", "200"))
PER_SECOND = 50
CELERY = ("worker", "worker2")
WORKERS = (*CELERY, "pagerd")
_EXITED = re.compile(r"pid:(\d+) exited with '?(signal 9)")


@dataclass
class Product:
    """One running product for all faults; `began()` starts its workers anew, armed as a fault needs them."""

    folder: Path
    ended: list[tuple[str, int, int]] = field(default_factory=list)
    """Processes that ended by themselves: name, pid, exit code; a signal is negative."""

    def __post_init__(self) -> None:
        self.sink = Sink()
        self.stack = Stack(
            self.folder,
            workers=2,
            env={
                "PAGER_LEASE_SECONDS": str(LEASE_SECONDS),
                "PAGER_STORM_AFTER": "0",  # one person gets them all, and each is counted
                "PRIVATE_TARGETS": "127.0.0.0/8",
            },
        )

    def start(self) -> Product:
        """Start it all, with one person to page."""
        self.sink.start()
        self.stack.start(sample_company=False)
        self.key = self._company()
        return self

    def _company(self) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.company", self.sink.url],
            env={**self.stack.env, "DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def stop(self) -> None:
        self.stack.stop()
        self.sink.stop()

    # What works -------------------------------------------------------------------------------------------------

    def begin(self, *, failpoints: str = "", delay: float = 0.0, failing: float = 0.0) -> None:
        """Start every worker anew with these failpoints.

        The receiver takes `delay` seconds over each page, and refuses such a share of them for now.
        """
        for name in WORKERS:
            self.stack.kill(name)
        self._clear()
        shutil.rmtree(self.folder / "failpoints", ignore_errors=True)
        self.ended.clear()
        self.sink.slow(delay)
        self.sink.fail(failing)
        self._logged = {name: len(self.stack.log(name)) for name in WORKERS}
        self._armed = failpoints
        for name in WORKERS:
            self.stack.run(name, env={"WATCHBILL_FAILPOINTS": failpoints})
        self._until_they_work()

    def _clear(self) -> None:
        """Take away what the fault before has left undone: it would strike the new workers before they have begun."""
        self.stack.rows("delete from oncall_signal where state = 'new' returning id")
        self.stack.rows("delete from outbox_message where state in ('pending', 'sending') returning id")

    def _until_they_work(self) -> None:
        started = time.monotonic()

        def working() -> bool:
            pids = {pid for name in WORKERS for pid in self.family(name)}
            seen = self.stack.rows(
                "select name from outbox_workerbeat where seen_at > now() - %s * interval '1 second'",
                time.monotonic() - started + 0.5,
            )
            kinds = {name.split()[0] for (name,) in seen if int(name.split()[-1]) in pids}
            if "celery_task:raise" in self._armed:
                return "pagerd" in kinds and any("Struck" in self.log(name) for name in CELERY)
            return kinds == {"pagerd", "celery"}

        self.stack.until(working, seconds=30, what="the workers work")

    def supervise(self) -> None:
        """Start again what has ended, as `up` and every supervisor do; from the main thread only."""
        for name in WORKERS:
            code = self.stack.processes[name].poll()
            if code is not None:
                self.ended.append((name, self.stack.pid(name), code))
                self.stack.run(name, env={"WATCHBILL_FAILPOINTS": self._armed})

    def log(self, name: str) -> str:
        """What a worker has written since this fault began."""
        return self.stack.log(name)[self._logged.get(name, 0) :]

    def family(self, name: str) -> list[int]:
        """The pids of a process of the plan and its children."""
        pid = self.stack.pid(name)
        with suppress(OSError):
            return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return [pid]

    def killed(self) -> set[int]:
        """The pids that ended by kill -9, told by their parents: this one, or Celery's."""
        direct = {pid for _, pid, code in self.ended if code == -signal.SIGKILL}
        told = {int(found[1]) for name in WORKERS for found in _EXITED.finditer(self.log(name))}
        return direct | told

    def struck(self, failpoint: str) -> set[int]:
        """The pids that a failpoint says it has ended, each confirmed by its parent, which may take a moment."""
        # Of two threads that strike at once the faster one may end the process before the other has written.
        texts = [file.read_text() for file in (self.folder / "failpoints").glob(f"{failpoint}.*")]
        said = {int(text) for text in texts if text}

        def confirmed() -> bool:
            self.supervise()
            return said <= self.killed()

        self.stack.until(confirmed, seconds=20, what=f"the ends of {said} are known")
        return said

    # Load and judgement -----------------------------------------------------------------------------------------

    def survive(
        self, word: str, *, fault: Callable[[], bool] = lambda: True, patience: float = 12.0, copies: int = 1
    ) -> Verdict:
        """Pour in alerts, let the fault happen, wait until all is done or patience is over, and compare.

        `fault` is asked over and over in this thread: it does what it does and says whether it is over. Each alert is
        sent in so many copies at the same time.
        """
        ledger = Ledger(self, word, copies=copies)
        ledger.start()
        while ledger.is_pouring:
            self._moment(fault)
        over_at = time.monotonic() + patience
        while not (self._moment(fault) and self._is_done(ledger)) and time.monotonic() < over_at:
            pass
        return self.judge(ledger)

    def _moment(self, fault: Callable[[], bool]) -> bool:
        self.supervise()
        waiting.pass_by()
        return fault()

    def _is_done(self, ledger: Ledger) -> bool:
        arrived = {receipt.title for receipt in self.sink.receipts()}
        if not {accepted.title for accepted in ledger.accepted} <= arrived:
            return False
        (alive,) = self.stack.rows(
            "select count(*) from outbox_message where state in ('pending', 'sending')"
        )[0]
        return int(alive) == 0

    def judge(self, ledger: Ledger) -> Verdict:
        assert ledger.refused == [], ledger.refused
        assert len(ledger.accepted) == ALERTS * ledger.copies
        first = {accepted.title: accepted for accepted in reversed(ledger.accepted)}
        rows = self.stack.rows(
            "select a.title, m.key, m.state,"
            " (select count(*) from outbox_attempt t where message_id = m.id and (outcome = 'unknown' or late)),"
            " (select count(*) from outbox_attempt t where message_id = m.id and outcome = 'temporary')"
            " from oncall_alert a join oncall_escalation e on e.alert_id = a.id"
            " join oncall_page p on p.escalation_id = e.id"
            " join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id"
            " where m.channel = 'webhook' and a.title like %s",
            f"{ledger.word} %",
        )
        verdict = judge(list(first.values()), self.sink.receipts(), [Row(*row) for row in rows])
        report.note(ledger.word.partition(" ")[0], verdict)
        return verdict


class Ledger:
    """Alerts poured into a product at a steady pace from several connections, and how each was answered."""

    CONNECTIONS = 4

    def __init__(self, product: Product, word: str, *, copies: int = 1) -> None:
        self.product = product
        self.copies = copies
        self.word = f"{word} {time.time_ns()}"
        self.accepted: list[Accepted] = []
        self.refused: list[str] = []
        self._threads = [
            threading.Thread(target=self._pour, args=[numbers], daemon=True)
            for numbers in (
                [range(ALERTS)] * copies
                if copies > 1
                else [range(n, ALERTS, self.CONNECTIONS) for n in range(self.CONNECTIONS)]
            )
        ]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def is_pouring(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _pour(self, numbers: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.product.stack.port, timeout=10)
        for n in numbers:
            waiting.pass_by(self._began + n / PER_SECOND - time.monotonic())
            title = f"{self.word} alert {n}"
            body = json.dumps({"title": title, "dedup_key": title, "severity": "critical"})
            address = f"/integrations/v1/generic/{self.product.key}/"
            headers = {"Content-Type": "application/json"}
            if self.copies > 1 and n % 2:
                headers["Idempotency-Key"] = title
            began = time.monotonic()
            try:
                connection.request("POST", address, body, headers)
                answer = connection.getresponse()
                said = answer.read()
            except OSError as error:
                self.refused.append(f"{title}: {error!r}")
                connection.close()
                continue
            if 200 <= answer.status < 300:
                self.accepted.append(Accepted(title, time.time(), time.monotonic() - began))
            else:
                self.refused.append(f"{title}: {answer.status} {said[:200]!r}")
        connection.close()
