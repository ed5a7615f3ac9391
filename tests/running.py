"""The real product as processes of its own, on a database of its own, for journeys, browser and fault tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from core.stack import probe, processes, programs
from core.stack.embedded import Redis
from tests import databases, waiting
from tests.peers import Smtp

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.stack.embedded import Postgres
    from core.stack.supervise import Program

PASSWORD = "a night on call, 3 alarms"


class Stack:
    """Web, worker, beat and pager against a private database, Redis and mail server.

    `env` adds settings, as `{"WATCHBILL_FAILPOINTS": "after_claim:die"}`. Every log is in `folder`. A `postgres` of
    its own, which a test may stop, is started and stopped with it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        env: dict[str, str] | None = None,
        pagers: int = 1,
        workers: int = 1,
        postgres: Postgres | None = None,
    ) -> None:
        self.folder = folder
        self.postgres = postgres
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.smtp = Smtp()
        self.redis = Redis(folder)
        self.database_url = ""
        self.extra = env or {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.plan: dict[str, Program] = {"web": programs.web(self.port), "beat": programs.beat(folder)}
        for kind, make, count in (("pagerd", programs.pagerd, pagers), ("worker", programs.worker, workers)):
            names = [kind, *(f"{kind}{n}" for n in range(2, count + 1))][:count]
            self.plan.update({name: make(name) for name in names})

    # Whole -----------------------------------------------------------------------------------------------------

    def start(self, *, sample_company: bool = True) -> Stack:
        """Make the database, start everything, and return when the web answers and a pager has drained."""
        if self.postgres is not None:
            self.postgres.start()
        self.database_url = self.postgres.url if self.postgres is not None else databases.make()
        self.smtp.start()
        self.redis.start()
        if self.postgres is not None:
            databases.fill(self.database_url)
        self.prepare()
        if sample_company:
            self.command("seed_demo")
        for name in self.plan:
            self.run(name)
        paths = ["/health/ready"] + (["/health/pager"] if any("pagerd" in name for name in self.plan) else [])
        for path in paths:
            self.until(lambda path=path: probe.answers(self.port, path), seconds=30, what=path)  # type: ignore[misc]
        return self

    def prepare(self) -> None:
        """Do what must be done to the new database before anything runs on it; here nothing."""

    def stop(self) -> None:
        """Stop everything and drop the database."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            processes.ended_within(process, 6)
            processes.end_group(process)
            process.wait()
        self.redis.stop()
        self.smtp.stop()
        if self.postgres is not None:
            self.postgres.stop()
        elif self.database_url:
            databases.drop(self.database_url)

    @property
    def env(self) -> dict[str, str]:
        """The settings of this product, for a process of your own."""
        return programs.environment(
            {
                "WATCHBILL_DATA_DIR": str(self.folder),
                "WATCHBILL_PORT": str(self.port),
                "BASE_URL": self.url,
                "DATABASE_URL": self.database_url,
                "REDIS_URL": self.redis.url,
                "EMAIL_URL": self.smtp.url,
                "WATCHBILL_DEMO_PASSWORD": PASSWORD,
                "SECRET_KEY": os.environ["SECRET_KEY"],
                "SELF_WATCH": "false",
                **self.extra,
            }
        )

    # One process -----------------------------------------------------------------------------------------------

    def run(self, name: str, *, env: dict[str, str] | None = None) -> int:
        """Start a process of the plan (again), with settings of its own if given; its pid."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = processes.spawn(
                self.plan[name].argv,
                cwd=programs.BASE_DIR,
                env={**self.env, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.processes[name].pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process; for one that ends it, wait and give what it ended with (as -9)."""
        process = self.processes[name]
        process.send_signal(number)
        if number in (signal.SIGSTOP, signal.SIGCONT):
            return 0
        code = process.wait(20)
        processes.end_group(process)
        return code

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    # Use -------------------------------------------------------------------------------------------------------

    def command(self, *words: str) -> str:
        """Run `manage.py words...` against this product; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=programs.BASE_DIR,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def rows(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """What a statement finds in this product's database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql, arguments).fetchall()

    @property
    def logins(self) -> list[dict[str, str]]:
        """The sample people: email, name, role, password."""
        people: list[dict[str, str]] = json.loads((self.folder / "logins.json").read_text())["logins"]
        return people

    def until(self, holds: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Look every 50 ms until `holds()`; AssertionError with the logs' ends when it does not in time."""

        def ends() -> str:
            return "\n".join(f"--- {name}\n{self.log(name)[-1500:]}" for name in self.processes)

        waiting.until(holds, seconds=seconds, what=lambda: f"{ends()}\n{what}")
