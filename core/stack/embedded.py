"""A private Postgres and Redis for a local run: no Docker, no system service, nothing left behind.

Both listen on 127.0.0.1 with a password, on a port that is kept in the data folder so that a restart comes
back on it. The application's role owns its database and is no superuser; the superuser cannot log in at all
and acts only once, in single-user mode, when the data is made.
"""

import json
import secrets
import select
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.stack import binaries, identity, processes

BASE_DIR = Path(__file__).resolve().parents[2]
_ROLE = "watchbill"
_HBA = f"""\
host all {_ROLE} 127.0.0.1/32 scram-sha-256
local all all reject
"""


class DidNotStart(Exception):
    """A server ended or never answered; the message holds the end of its log."""


class Server(Protocol):
    """What a supervisor needs to know of a server."""

    title: str
    port: int

    @property
    def url(self) -> str: ...
    @property
    def running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class _Embedded(ABC):
    """A server process with its log, kept port and password."""

    name: str

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.home = home.resolve()
        self.log = self.home / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process of the server, which must have been started."""
        assert self.process is not None  # noqa: S101
        return self.process.pid

    def kill(self) -> None:
        """End it as a crash would; for tests."""
        assert self.process is not None  # noqa: S101
        self.process.kill()
        self.process.wait()

    def _password(self) -> str:
        file = self.home / f"{self.name}.password"
        if not file.exists():
            processes.write_private(file, secrets.token_urlsafe(24))
        return file.read_text()

    def _await(self, *, seconds: float) -> None:
        """Wait until the server answers, looking every 30 ms."""
        assert self.process is not None  # noqa: S101
        for _ in range(int(seconds / 0.03)):
            if self._answers():
                return
            if processes.ended_within(self.process, 0.03):
                break
        self.stop()
        raise DidNotStart(f"{self.name} did not start:\n{self._log_end()}")

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server is ready for work."""

    @abstractmethod
    def stop(self) -> None:
        """End the server in good order."""

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-1500:] if self.log.exists() else ""

    def _end(self, number: signal.Signals, *, seconds: float, then: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        if not processes.ended_within(self.process, seconds):
            self.process.send_signal(then)
            self.process.wait()


class Postgres(_Embedded):
    """The embedded Postgres. Tests turn off by `settings` what only a power cut makes necessary."""

    name = "postgres"

    def __init__(
        self, home: Path, *, may_create_databases: bool = False, settings: dict[str, str] | None = None
    ):
        super().__init__(home)
        self.data = self.home / "postgres"
        version_file = self.data / "PG_VERSION"
        major = version_file.read_text().strip() if version_file.exists() else None
        self.binary = binaries.postgres(major=major)
        self.title = f"Postgres {self.binary.version}"
        owner = (self.data if self.data.exists() else self.home).stat().st_uid
        self.identity = identity.choose(self.home, owner=owner, probe=[str(self.binary.path), "--version"])
        self.may_create_databases = may_create_databases
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "120",
            **(settings or {}),
        }

    @property
    def url(self) -> str:
        return self.url_of(_ROLE)

    def url_of(self, database: str) -> str:
        """The address of one database of this server, for the application's role."""
        return f"postgresql://{_ROLE}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the data if there is none, start, and return when a query is answered."""
        if not self.data.exists():
            self._make_data()
        _await_previous(self.data / "postmaster.pid")
        self.port = self.port or processes.kept_port(self.home, self.name)
        settings = {"port": str(self.port), **self.settings}
        with self.log.open("ab") as log:
            self.process = processes.spawn(
                [
                    *self._program("postgres"),
                    "-D",
                    str(self.data),
                    *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
                ],
                on_parent_death=signal.SIGINT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                **self.identity.options,
            )
        self._await(seconds=60)

    def stop(self) -> None:
        """Disconnect everybody and stop within 20 s (a "fast" shutdown)."""
        self._end(signal.SIGINT, seconds=20, then=signal.SIGQUIT)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_data(self) -> None:
        """Make the cluster aside and move it into place whole: an interrupted start leaves no half of one."""
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.identity.give(draft)
        initdb = ["-D", str(draft), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=reject"]
        self._run("initdb", [*initdb, "--no-sync"] if self.settings.get("fsync") == "off" else initdb)
        single = ["--single", "-j", "-D", str(draft), "postgres"]
        self._run(
            "postgres", single, feed=_first_statements(self._password(), createdb=self.may_create_databases)
        )
        (draft / "pg_hba.conf").write_text(_HBA)
        draft.rename(self.data)

    def _program(self, name: str) -> list[str]:
        return [*self.identity.prefix, str(self.binary.path.with_name(name))]

    def _run(self, name: str, arguments: list[str], *, feed: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            [*self._program(name), *arguments],
            input=feed,
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **self.identity.options,
        )
        if done.returncode != 0 or "ERROR:" in done.stderr:
            raise DidNotStart(f"{name} failed: {done.stderr.strip()[-1500:]}")


def _first_statements(password: str, *, createdb: bool) -> str:
    # In single-user mode with -j a statement ends with a semicolon and an empty line.
    return (
        f"create role {_ROLE} login nosuperuser nocreaterole {'createdb' if createdb else 'nocreatedb'}"
        f" password '{password}';\n\n"
        f"create database {_ROLE} owner {_ROLE};\n\n"
    )


def _await_previous(pid_file: Path) -> None:
    """Let a Postgres whose parent was killed finish stopping; forget a pid that another program has."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    for _ in range(200):
        if _program_of(pid) != "postgres":
            if _program_of(pid) is not None:
                pid_file.unlink(missing_ok=True)
            return
        select.select([], [], [], 0.05)


def _program_of(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


class Redis(_Embedded):
    """The embedded Redis; where there is none, a stand-in in Python that keeps nothing over a restart."""

    name = "redis"

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.binary = binaries.redis()
        self.title = f"Redis {self.binary.version}" if self.binary else "Redis stand-in (fakeredis)"

    @property
    def real(self) -> bool:
        """Whether a true Redis was found."""
        return self.binary is not None

    @property
    def url(self) -> str:
        login = f":{self._password()}@" if self.binary else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and return when it answers."""
        self.port = self.port or processes.kept_port(self.home, self.name)
        with self.log.open("ab") as log:
            self.process = processes.spawn(
                self._argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=BASE_DIR,
            )
        self._await(seconds=20)

    def stop(self) -> None:
        """Stop within 5 s, its append-only file written."""
        self._end(signal.SIGTERM, seconds=5, then=signal.SIGKILL)

    def _argv(self) -> list[str]:
        if self.binary is None:
            return [sys.executable, "-m", "core.stack.redis_stand_in", str(self.port)]
        folder = self.home / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        configuration = self.home / "redis.conf"
        processes.write_private(
            configuration,
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password()}\n"
            f"dir {json.dumps(str(folder))}\n"
            'appendonly yes\nsave ""\nmaxmemory-policy noeviction\n',
        )
        return [str(self.binary.path), str(configuration)]

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
                client.ping()
        except redis.RedisError:
            return False
        return True
