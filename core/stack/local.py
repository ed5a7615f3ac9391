"""The whole product on one machine: what `manage.py up` starts, in order, each step with the time it took."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from core.channels.push import vapid
from core.stack import probe, processes, programs
from core.stack.embedded import Postgres, Redis
from core.stack.supervise import Program, Supervisor

_COLOURS = {"up": 32, "web": 36, "worker": 33, "beat": 35, "pagerd": 34, "mail": 37, "mailin": 37}
_READY_SECONDS = 60


class CannotStart(Exception):
    """Why Watchbill does not start here, in one line with the way out."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the operator chose; an empty address means that Watchbill brings its own server."""

    home: Path
    port: int
    base_url: str
    database_url: str
    redis_url: str
    email_url: str
    has_secret_key: bool
    production: bool
    web_workers: int
    push_key: str = ""
    reply_domain: str = ""


def given() -> Given:
    """Read the operator's choices from the settings."""
    return Given(
        home=settings.DATA_DIR,
        port=settings.PORT,
        base_url=settings.BASE_URL,
        database_url=settings.DATABASE_URL,
        redis_url=settings.REDIS_URL,
        email_url=settings.EMAIL_URL,
        has_secret_key="SECRET_KEY" in os.environ or "SECRET_KEY_FILE" in os.environ,
        production=settings.PRODUCTION,
        web_workers=settings.WEB_WORKERS,
        push_key=settings.VAPID_PRIVATE_KEY,
        reply_domain=settings.MAIL_REPLY_DOMAIN,
    )


def run(chosen: Given) -> int:
    """Start everything, print how to get in, and keep it running until Ctrl-C; give the exit code."""
    _become_owner(chosen.home)
    try:
        lock = processes.lock_folder(chosen.home)
    except processes.FolderBusy as error:
        raise CannotStart(str(error)) from error
    except PermissionError as error:
        raise CannotStart(
            f"{chosen.home} belongs to another account: run as that account, or set WATCHBILL_DATA_DIR."
        ) from error
    with lock:
        return _Run(chosen).run()


class _Stopped(Exception):
    """Somebody asked for the end while the start was still under way."""


class _Run:
    def __init__(self, chosen: Given) -> None:
        self.chosen = chosen
        self.home = chosen.home
        self.begun = time.monotonic()
        self.begun_web = self.begun
        self.announced = False
        self.complained = False
        self.supervisor = Supervisor(say=say, folder=settings.BASE_DIR)
        self.logins = self.home / "logins.json"
        self.address_file = self.home / "env"
        self.mail_port = 0

    def run(self) -> int:
        if not self.port_is_free():
            raise CannotStart(
                f"Port {self.chosen.port} is taken by another program."
                " Choose another: WATCHBILL_PORT=8001 make up"
            )
        self.supervisor.stop_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        try:
            self.start()
            return self.supervisor.run(each_tick=self.announce_once_ready)
        except _Stopped:
            return 0
        finally:
            self.stop()

    def port_is_free(self) -> bool:
        """Whether we can serve; what a killed run left behind gets the time to end."""
        patience = 60 if self.address_file.exists() else 1
        for _ in range(patience):
            if processes.is_free(self.chosen.port):
                return True
            select.select([], [], [], 0.1)
        return False

    def start(self) -> None:
        environment = programs.environment(self.servers())
        self.supervisor.environment = environment
        written = (
            "DATABASE_URL",
            "REDIS_URL",
            "EMAIL_URL",
            "SECRET_KEY",
            "VAPID_PRIVATE_KEY",
            "MAIL_REPLY_DOMAIN",
            "MAILIN_PORT",
            "BASE_URL",
            "WATCHBILL_PORT",
        )
        lines = [f"{name}={environment[name]}\n" for name in written if environment.get(name)]
        processes.write_private(self.address_file, "".join(lines))
        if not _is_migrated(environment["DATABASE_URL"]):
            with step("Database migrated"):
                self.command("migrate", "--verbosity", "0")
        if not self.chosen.production and not self.logins.exists():
            with step("Sample company made"):
                self.command("seed_demo")
        self.begun_web = time.monotonic()
        for program in self.first_programs():
            self.supervisor.start(program)

    def servers(self) -> dict[str, str]:
        """Start what was not given; the addresses of everything."""
        addresses = {
            "WATCHBILL_DATA_DIR": str(self.home),
            "WATCHBILL_PORT": str(self.chosen.port),
            "BASE_URL": self.chosen.base_url,
            "DATABASE_URL": self.chosen.database_url or self.postgres(),
            "REDIS_URL": self.chosen.redis_url or self.redis(),
            **self.metrics(),
            "EMAIL_URL": self.chosen.email_url or self.mailbox(),
        }
        if not self.chosen.has_secret_key:
            addresses["SECRET_KEY"] = self.kept_key("secret.key", lambda: secrets.token_urlsafe(50))
        if not self.chosen.reply_domain and not self.chosen.email_url:
            # The mail of this run never leaves the machine, so its answers come back by a port of their own.
            addresses["MAIL_REPLY_DOMAIN"] = "localhost"
            addresses["MAILIN_PORT"] = str(processes.kept_port(self.home, "mailin"))
        addresses["VAPID_PRIVATE_KEY"] = self.chosen.push_key or self.kept_key("push.key", vapid.new_key)
        return addresses

    def postgres(self) -> str:
        server = Postgres(self.home)
        with step(f"{server.title} ready"):
            self.supervisor.serve(server)
        return server.url

    def redis(self) -> str:
        server = Redis(self.home)
        with step(f"{server.title} ready"):
            self.supervisor.serve(server)
        if not server.real:
            out("  No Redis for this machine: install one for more speed. Paging does not depend on it.")
        return server.url

    def mailbox(self) -> str:
        # Decided once: whoever sends has this address from now on, also when the port is taken for a moment.
        self.mail_port = processes.kept_port(self.home, "mail")
        return f"smtp://127.0.0.1:{self.mail_port}"

    def metrics(self) -> dict[str, str]:
        """Where several web processes add up their counters; those of the last run do not count."""
        if self.chosen.web_workers == 1:
            return {}
        shutil.rmtree(self.home / "metrics", ignore_errors=True)
        return {"PROMETHEUS_MULTIPROC_DIR": str(self.home / "metrics")}

    def kept_key(self, name: str, make: Callable[[], str]) -> str:
        """The key of this data folder, made the first time."""
        file = self.home / name
        if not file.exists():
            processes.write_private(file, make())
        return file.read_text()

    def command(self, *words: str) -> None:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env=self.supervisor.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if self.supervisor.stopping:
            raise _Stopped
        if done.returncode != 0:
            raise CannotStart(f"manage.py {words[0]} failed:\n{done.stdout}{done.stderr}")

    def first_programs(self) -> Iterator[Program]:
        """What a page and a page to a person need; the rest starts once these have had the processor."""
        yield programs.web(self.chosen.port, workers=self.chosen.web_workers)
        yield programs.pagerd()
        if not self.chosen.email_url:
            yield programs.mailbox(self.mail_port, self.home / "mail")

    def last_programs(self) -> Iterator[Program]:
        yield programs.worker()
        yield programs.beat(self.home)
        if self.chosen.reply_domain or not self.chosen.email_url:
            yield programs.mailin()

    def announce_once_ready(self) -> None:
        if self.announced:
            return
        if not probe.answers(self.chosen.port, seconds=1):
            self.complain_once()
            return
        self.announced = True
        for program in self.last_programs():
            self.supervisor.start(program)
        report("Watchbill ready", time.monotonic() - self.begun_web)
        report("All together", time.monotonic() - self.begun)
        out(self.welcome())

    def complain_once(self) -> None:
        if not self.complained and time.monotonic() - self.begun_web > _READY_SECONDS:
            self.complained = True
            out(f"Not ready after {_READY_SECONDS} s; `.venv/bin/python manage.py doctor` may know why.")

    def welcome(self) -> str:
        lines = ["", f"  Open {self.chosen.base_url}/", ""]
        if self.logins.exists():
            lines += _logins(json.loads(self.logins.read_text()))
        if not self.chosen.email_url:
            lines += [f"  No EMAIL_URL is set, so every e-mail is kept as a file in {self.home / 'mail'}", ""]
        return "\n".join([*lines, f"  Ctrl-C stops everything; the data stays in {self.home}", ""])

    def stop(self) -> None:
        with step("Stopped"):
            self.address_file.unlink(missing_ok=True)
            self.supervisor.stop()


def _is_migrated(url: str) -> bool:
    """Whether the database has had every migration, asked without starting another Django."""
    wanted = set(MigrationLoader(None).disk_migrations)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            applied = connection.execute("select app, name from django_migrations").fetchall()
    except psycopg.Error:
        return False  # `migrate` makes the table, or says what is wrong with the database
    return wanted <= set(applied)


def _logins(sample: dict[str, object]) -> list[str]:
    people: list[dict[str, str]] = sample["logins"]  # type: ignore[assignment]
    wide = max(len(person["email"]) for person in people)
    rows = [f"    {person['email']:<{wide}}  {person['password']}  {person['role']}" for person in people]
    return ["  Sign in as", *rows, "", "  Send a test alert:", f"    {sample['curl']}", ""]


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what was done and how long it took, once it is done."""
    begun = time.monotonic()
    yield
    report(what, time.monotonic() - begun)


def report(what: str, seconds: float) -> None:
    """Print one line of a step."""
    out(f"{what:<34}{seconds:5.1f} s")


def out(text: str) -> None:
    """Print to whoever started us, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(name: str, line: str) -> None:
    """Print one line of a program under its name."""
    prefix = f"{name:>7} |"
    if sys.stdout.isatty():
        prefix = f"\033[{_COLOURS.get(name, 37)}m{prefix}\033[0m"
    out(f"{prefix} {line}")


def _become_owner(home: Path) -> None:
    """Root on somebody else's data folder becomes that somebody, so that the folder stays theirs."""
    if os.geteuid() != 0 or not home.exists() or (owner := home.stat().st_uid) == 0:
        return
    account = pwd.getpwuid(owner)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(owner)
    os.environ["HOME"] = account.pw_dir
