"""`manage.py up` as a stranger meets it: one process to start, to hurt and to stop."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from core.stack import probe, processes
from tests import waiting
from tests.core.stack.test_processes import alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[3]
READY_SECONDS = 120


class Up:
    """One run on a data folder, its lines and its processes."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.lines: list[str] = []
        dropped = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "VAPID_PRIVATE_KEY", "BASE_URL")
        self.env = {name: value for name, value in os.environ.items() if name not in dropped}
        self.env |= {
            "WATCHBILL_DATA_DIR": str(folder),
            "WATCHBILL_PORT": str(port),
            "WATCHBILL_DEMO_PASSWORD": "owls at noon",
        }
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip() for line in self.process.stdout)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, holds: Callable[[], bool], *, seconds: float = READY_SECONDS) -> float:
        """Seconds since the start once it holds."""

        def holds_or_ended() -> bool:
            return holds() or self.process.poll() is not None

        waiting.until(holds_or_ended, seconds=seconds, what=lambda: self.text)
        assert holds(), self.text
        return time.monotonic() - self.begun

    def ready(self) -> float:
        return self.until(lambda: "Watchbill ready" in self.text)

    def children(self) -> dict[str, int]:
        """Its direct children by what they run."""
        words = {
            "uvicorn": "web",
            " worker": "worker",
            " beat": "beat",
            "pagerd": "pagerd",
            "mailbox": "mail",
            "mailin": "mailin",
        }
        words |= {"bin/postgres": "postgres", "redis-server": "redis"}
        found: dict[str, int] = {}
        for pid, parent in parents().items():
            if parent == self.process.pid:
                found |= {name: pid for word, name in words.items() if word in command_line(pid)}
        return found

    def family(self) -> set[int]:
        """Every process that descends from it."""
        table = parents()
        kin: set[int] = set()
        while new := {pid for pid, parent in table.items() if parent in kin | {self.process.pid}} - kin:
            kin |= new
        return kin

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another manage.py command, in a second terminal."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self, number: int = signal.SIGINT) -> float:
        """Seconds from the request to the end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def parents() -> dict[int, int]:
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                table[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    return table


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def accepts(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def listening(pids: set[int]) -> set[str]:
    """The addresses, as the kernel writes them, on which these processes listen."""
    sockets = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            sockets |= {
                file.readlink().name for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()
            }
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    return {row[1].rsplit(":", 1)[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def port() -> int:
    return processes.free_port()


@pytest.fixture(scope="module")
def up(folder: Path, port: int) -> Iterator[Up]:
    with Up(folder, port) as running:
        running.ready()
        yield running


def test_each_step_says_what_it_did_and_how_long_it_took(up: Up) -> None:
    steps = [line for line in up.lines if re.search(r"\d\.\d s$", line)]
    assert [re.sub(r"[\d.]+ ready", "N ready", step.rsplit(None, 2)[0]) for step in steps] == [
        "Postgres N ready",
        "Redis N ready",
        "Database migrated",
        "Sample company made",
        "Watchbill ready",
        "All together",
    ]


def test_it_says_where_to_look_as_whom_and_how_to_send_an_alert(up: Up) -> None:
    assert f"  Open http://127.0.0.1:{up.port}/" in up.lines
    assert re.search(r"^    admin@example\.com +owls at noon +admin$", up.text, re.M)
    assert re.search(r"^    viewer@example\.com +owls at noon +viewer$", up.text, re.M)
    curl = next(line for line in up.lines if line.strip().startswith("curl "))
    done = subprocess.run(f"{curl} --silent --fail", shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert done.returncode == 0, (curl, done.stderr)


def test_only_this_machine_is_served(up: Up) -> None:
    assert listening(up.family()) == {"0100007F"}


def test_addresses_and_keys_are_for_their_owner_alone(up: Up, folder: Path) -> None:
    names = {line.split("=", 1)[0] for line in (folder / "env").read_text().splitlines()}
    assert names == {
        "DATABASE_URL",
        "REDIS_URL",
        "EMAIL_URL",
        "SECRET_KEY",
        "VAPID_PRIVATE_KEY",
        "MAIL_REPLY_DOMAIN",
        "MAILIN_PORT",
        "BASE_URL",
        "WATCHBILL_PORT",
    }
    private = (
        "env",
        "secret.key",
        "push.key",
        "postgres.password",
        "redis.password",
        "redis.conf",
        "ports.json",
        "logins.json",
    )
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in private} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_other_commands_find_the_running_servers(up: Up) -> None:
    up.until(lambda: probe.answers(up.port, "/health/pager"))
    done = up.manage("doctor")
    assert (done.returncode, done.stdout) == (0, "Nothing is wrong.\n")


def test_a_second_run_on_the_same_folder_is_refused_in_one_line(up: Up) -> None:
    done = up.manage("up")
    assert done.returncode == 1
    assert (
        done.stderr
        == f"CommandError: Watchbill is already running on {up.folder} (process {up.process.pid}).\n"
    )


def test_a_taken_port_is_refused_in_one_line(up: Up, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env={**up.env, "WATCHBILL_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Port {up.port} is taken by another program. Choose another: WATCHBILL_PORT=8001 make up\n"
    )
    assert up.process.poll() is None


def test_mail_is_kept_as_files_when_no_server_is_named(up: Up, folder: Path) -> None:
    before = set((folder / "mail").glob("*.eml"))
    mail_port = int(re.search(r"EMAIL_URL=smtp://127\.0\.0\.1:(\d+)", (folder / "env").read_text())[1])  # type: ignore[index]
    up.until(lambda: accepts(mail_port), seconds=20)
    with smtplib.SMTP("127.0.0.1", mail_port) as server:
        server.sendmail("a@example.com", ["b@example.com"], "Subject: Kept\r\n\r\nfor later")
    (kept,) = [file for file in set((folder / "mail").glob("*.eml")) - before if b"Kept" in file.read_bytes()]
    assert b"for later" in kept.read_bytes()
    assert f"every e-mail is kept as a file in {folder / 'mail'}" in up.text


@pytest.mark.parametrize("name", ["web", "worker", "beat", "pagerd", "mail", "mailin", "postgres", "redis"])
def test_whatever_is_killed_comes_back(up: Up, name: str) -> None:
    before = up.children()
    assert set(before) == {"web", "worker", "beat", "pagerd", "mail", "mailin", "postgres", "redis"}
    os.kill(before[name], signal.SIGKILL)

    def is_back() -> bool:
        now = up.children()
        return set(now) == set(before) and now[name] != before[name]

    up.until(is_back, seconds=20)
    up.until(lambda: probe.answers(up.port) and probe.answers(up.port, "/health/pager"), seconds=30)
    after = up.children()
    assert {kind: pid for kind, pid in after.items() if kind != name} == {
        kind: pid for kind, pid in before.items() if kind != name
    }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    return tmp_path_factory.mktemp("another"), processes.free_port()


def test_ctrl_c_stops_all_of_it_within_five_seconds_and_the_next_run_has_its_data(
    elsewhere: tuple[Path, int],
) -> None:
    with Up(*elsewhere) as first:
        first.ready()
        code = "from core.accounts.models import Team as T; T.objects.get_or_create(slug='kept', name='Kept')"
        made = first.manage("shell", "-c", code)
        assert made.returncode == 0, made.stderr
        family = first.family()
        assert len(family) > 7
        assert first.stop() < 6
        assert first.process.returncode == 0, first.text
        assert [pid for pid in family if alive(pid)] == []
        assert not (first.folder / "env").exists()

    with Up(*elsewhere) as second:
        assert second.ready() < 10
        assert "Sample company made" not in second.text
        assert "Database migrated" not in second.text
        code = "from core.accounts.models import Team as T; print(T.objects.filter(slug='kept').count())"
        assert second.manage("shell", "-c", code).stdout.splitlines()[-1] == "1"
        assert second.stop(signal.SIGTERM) < 6


def test_nothing_outlives_a_killed_supervisor(elsewhere: tuple[Path, int]) -> None:
    with Up(*elsewhere) as running:
        running.ready()
        family = running.family()
        running.stop(signal.SIGKILL)
        waiting.until(lambda: not any(map(alive, family)), seconds=15)
        assert (running.folder / "env").exists()
        stale = running.manage("doctor")
        assert "Postgres does not answer at 127.0.0.1:5432, as no DATABASE_URL is set" in stale.stdout


def test_a_new_run_right_after_a_killed_one_takes_over(elsewhere: tuple[Path, int]) -> None:
    with Up(*elsewhere) as running:
        running.ready()
        running.stop(signal.SIGKILL)
    with Up(*elsewhere) as again:
        again.ready()
        assert again.stop() < 6
