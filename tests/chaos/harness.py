"""The whole product as processes, a sink that takes its pages, and somebody who restarts what dies."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.stack import probe
from core.stack.embedded import Postgres
from tests import waiting
from tests.chaos import evidence, report
from tests.chaos.ledger import Ledger, Load
from tests.chaos.oracle import BOB, Receipt, Verdict, Wanted, judge, share
from tests.chaos.sink import Sink
from tests.running import Stack
from tests.twilio import SID, TOKEN, Twilio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.stack.supervise import Program

LEASE_SECONDS = 3
ALIVE = ("pending", "sending")
RECEIPT_SECONDS = 4
SLOWNESS = float(os.environ.get("CHAOS_SLOWNESS", "1"))
"""What a busy machine is allowed: the longest delays are so many times as long."""
CELERY = ("worker", "worker2")
WORKERS = (*CELERY, "pagerd")
_EXITED = re.compile(r"pid:(\d+) exited with '?(signal 9)")


@dataclass
class Product:
    """One running product for all faults; `began()` starts its workers anew, armed as a fault needs them."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    """Settings beside those of all faults."""
    kind: type[Stack] = Stack
    ended: list[tuple[str, int, int]] = field(default_factory=list)
    """Processes that ended by themselves: name, pid, exit code; a signal is negative."""
    seed: int = 1
    rests: bool = False
    """Whether nobody restarts what dies: the fault does it itself."""
    hostile_mails: list[tuple[float, bytes]] = field(default_factory=list)
    """Whole mails that another mail server took, when."""

    def __post_init__(self) -> None:
        self._armed: dict[str, dict[str, str]] = {}
        self._logged: dict[str, int] = {}
        self.sink = Sink()
        self.postgres = Postgres(
            self.folder / "database", settings={"fsync": "off", "full_page_writes": "off"}
        )
        self.twilio = Twilio()
        self.stack = self.kind(
            self.folder,
            workers=2,
            postgres=self.postgres,
            env={
                "PAGER_LEASE_SECONDS": str(LEASE_SECONDS),
                "PAGER_STORM_AFTER": "0",  # one person gets them all, and each is counted
                "PAGES_PER_NIGHT": "0",
                "PRIVATE_TARGETS": "127.0.0.0/8",
                "TWILIO_URL": self.twilio.url,
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_SMS_FROM": "+15005550006",
                "SMS_RECEIPT_SECONDS": str(RECEIPT_SECONDS),
                **self.env,
            },
        )

    def start(self) -> Product:
        """Start it all, with one person to page."""
        self.sink.start()
        self.twilio.start()
        self.stack.start(sample_company=False)
        self.key = self.company("one")["key"]
        return self

    def company(self, scene: str, *words: object) -> dict[str, Any]:
        """Make people, policies and sources as a fault needs them (see `tests.chaos.company`)."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.company", scene, self.sink.url, *map(str, words)],
            env={**self.stack.env, "DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return made

    def stop(self) -> None:
        self.stack.stop()
        self.twilio.stop()
        self.sink.stop()

    # What works -------------------------------------------------------------------------------------------------

    def begin(
        self,
        *,
        failpoints: str = "",
        delay: float = 0.0,
        failing: float = 0.0,
        env: dict[str, dict[str, str]] | None = None,
        kinds: frozenset[str] = frozenset({"pagerd", "celery"}),
        clears: bool = True,
    ) -> None:
        """Start every worker anew with these failpoints, and settings of their own in `env` by name.

        The receiver takes `delay` seconds over each page, and refuses such a share of them for now. `kinds` are the
        workers that can work. What the fault before has left undone is taken away, unless it `clears` not.
        """
        for name in WORKERS:
            self.stack.kill(name)
        if clears:
            self._clear()
            self.sink.forget()
        shutil.rmtree(self.folder / "failpoints", ignore_errors=True)
        self.ended.clear()
        self.sink.seed(self.seed)
        self.sink.slow(delay)
        self.sink.fail(failing)
        self._logged = {name: len(self.stack.log(name)) for name in self.stack.processes}
        self._armed = {
            name: {"WATCHBILL_FAILPOINTS": failpoints, **(env or {}).get(name, {})} for name in WORKERS
        }
        for name in WORKERS:
            self.stack.run(name, env=self._armed[name])
        self._until_they_work({"pagerd"} if "celery_task:raise" in failpoints else kinds)

    def _clear(self) -> None:
        """Take away what the fault before has left undone: it would strike the new workers before they have begun."""
        self.stack.rows("delete from oncall_signal where state = 'new' returning id")
        self.stack.rows(
            "update outbox_message set state = 'suppressed', ended_at = now(), lease_token = null, lease_until = null,"
            " lease_owner = '', error = 'of the fault before' where state in ('pending', 'sending') returning id"
        )
        self.stack.rows(
            "update oncall_escalation set status = 'closed', next_at = null where status = 'escalating' returning id"
        )

    def _until_they_work(self, kinds: frozenset[str] | set[str]) -> None:
        started = time.monotonic()

        def working() -> bool:
            pids = {pid for name in WORKERS for pid in self.family(name)}
            seen = self.stack.rows(
                "select name from outbox_workerbeat where seen_at > now() - %s * interval '1 second'",
                time.monotonic() - started + 0.5,
            )
            found = {name.split()[0] for (name,) in seen if int(name.split()[-1]) in pids}
            is_struck = any(
                "celery_task:raise" in each["WATCHBILL_FAILPOINTS"] for each in self._armed.values()
            )
            return found == kinds and (not is_struck or any("Struck" in self.log(name) for name in CELERY))

        self.stack.until(working, seconds=30, what="the workers work")
        self.stack.until(lambda: probe.answers(self.stack.port), seconds=30, what="the web answers")

    def supervise(self) -> None:
        """Start again what has ended, as `up` and every supervisor do; from the main thread only."""
        for name in self._armed:
            code = self.stack.processes[name].poll()
            if code is not None:
                self.ended.append((name, self.stack.pid(name), code))
                self.stack.run(name, env=self._armed[name])

    @contextmanager
    def another(self, name: str, program: Program, env: dict[str, str] | None = None) -> Iterator[None]:
        """Run one process more, restarted when it dies like the others."""
        self.stack.plan[name] = program
        self._armed[name] = env or {}
        self.stack.run(name, env=env)
        self._logged[name] = 0
        try:
            yield
        finally:
            del self._armed[name]
            self.stack.kill(name)
            del self.stack.processes[name], self.stack.plan[name]

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
        texts = [file.read_text() for file in self.markers(failpoint)]
        said = {int(text) for text in texts if text}

        def confirmed() -> bool:
            self.supervise()
            return said <= self.killed()

        self.stack.until(confirmed, seconds=20, what=f"the ends of {said} are known")
        return said

    def markers(self, failpoint: str) -> list[Path]:
        """What a failpoint has left behind, a file for each time it struck."""
        return list((self.folder / "failpoints").glob(f"{failpoint}.*"))

    # Load and judgement -----------------------------------------------------------------------------------------

    def load(self, *keys: str, **given: Any) -> Load:
        """What is poured in, to the sources of these keys or to the usual one."""
        return Load(**{"port": self.stack.port, "keys": keys or (self.key,), **given})

    def survive(
        self,
        word: str,
        *,
        fault: Callable[[], bool] = lambda: True,
        patience: float = 12.0,
        load: Load | None = None,
        wanted: Sequence[Wanted] = BOB,
        settles: bool = True,
    ) -> Verdict:
        """Pour in alerts, let the fault happen, wait until all is done or patience is over, and compare.

        `fault` is asked over and over in this thread: it does what it does and says whether it is over. With
        `settles` all is done when no message is left to send, else when everybody `wanted` has heard of each alert.
        """
        ledger = self.pour(word, load=load)
        return self.finish(ledger, fault=fault, patience=patience, wanted=wanted, settles=settles)

    def finish(
        self,
        ledger: Ledger,
        *,
        fault: Callable[[], bool] = lambda: True,
        patience: float = 12.0,
        wanted: Sequence[Wanted] = BOB,
        settles: bool = True,
    ) -> Verdict:
        """Wait for what has been begun, and compare."""
        while ledger.is_pouring:
            self._moment(fault)
        over_at = time.monotonic() + patience * max(1.0, SLOWNESS / 2)
        while not (self._moment(fault) and self.is_done(ledger, wanted, settles=settles)):
            if time.monotonic() > over_at:
                break
        return self.judge(ledger, wanted)

    def pour(self, word: str, *, load: Load | None = None) -> Ledger:
        """Begin to pour in alerts."""
        ledger = Ledger(load or self.load(), f"{word} {self.seed}")
        ledger.start()
        self.ledger = ledger
        return ledger

    def _moment(self, fault: Callable[[], bool]) -> bool:
        if not self.rests:
            self.supervise()
        waiting.pass_by()
        return fault()

    def is_done(self, ledger: Ledger, wanted: Sequence[Wanted], *, settles: bool) -> bool:
        """Whether everybody `wanted` has heard of each alert, and with `settles` no message is left to send."""
        arrived = {(receipt.title, receipt.to) for receipt in self.receipts()}
        for accepted in ledger.accepted:
            if not all(any((accepted.title, to) in arrived for to in one.to) for one in wanted):
                return False
        awaited = {to for one in wanted for to in one.to}
        rows = evidence.rows(self.stack, ledger.word)
        return not any(row.state in ALIVE and (settles or row.to in awaited) for row in rows)

    def senders(self, word: str) -> set[str]:
        """Which workers have tried to send the pages of a run."""
        found = self.stack.rows(
            "select distinct worker from outbox_attempt t join outbox_message m"
            " on m.id = t.message_id where m.content ->> 'subject' like %s",
            f"%{word}%",
        )
        return {worker for (worker,) in found}

    def receipts(self) -> list[Receipt]:
        """Everything that has arrived so far: at the sink, as mail, as texts."""
        mails = evidence.mails(self.stack.smtp, self.hostile_mails)
        return [*self.sink.receipts(), *mails, *self.texts()]

    def texts(self) -> list[Receipt]:
        """The pages that came as texts."""
        return evidence.texts(self.twilio)

    def judge(self, ledger: Ledger, wanted: Sequence[Wanted] = BOB) -> Verdict:
        assert ledger.refused == [], ledger.refused
        assert len(ledger.accepted) == ledger.load.alerts * ledger.load.copies
        first = {accepted.title: accepted for accepted in reversed(ledger.accepted)}
        verdict = judge(list(first.values()), self.receipts(), evidence.rows(self.stack, ledger.word), wanted)
        report.note(ledger.word.partition(" ")[0], verdict, seed=self.seed, alerts=ledger.load.alerts)
        return verdict


def assert_survived(verdict: Verdict, *, p99: float) -> None:
    """Nothing was lost, and duplicates are only what was cut off or answered too slowly."""
    assert verdict.is_clean, verdict
    assert verdict.delays
    assert verdict.duplicates <= verdict.cut_off + verdict.too_slow, verdict
    assert verdict.p99 <= p99 * SLOWNESS, verdict.p99


def assert_in_time(verdict: Verdict, *, p99: float) -> None:
    """Moreover nothing came twice but what the sink was too slow over."""
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=p99)


def assert_punctual(product: Product, *, levels: int) -> None:
    """Each alert's levels were all asked, none before its time, and all but one in a hundred within a second of it."""
    asked = evidence.asked(product.stack, product.ledger.word)
    assert len({one.page for one in asked}) == product.ledger.load.alerts * levels
    assert evidence.early(asked, product.sink.receipts()) == []
    late = [level.late for level in asked]
    assert min(late) >= 0
    assert share(late, 99) <= 1 * SLOWNESS, share(late, 99)
