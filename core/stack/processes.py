"""What a parent needs so that its children never outlive it, collide on a port or share a data folder."""

import ctypes
import fcntl
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

# Below the kernel's range for outgoing connections, so that what was free stays free over a restart.
PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGTERM) -> Callable[[], object] | None:
    """A `preexec_fn` by which Linux sends `number` to the child when its parent ends, even by kill -9.

    Linux counts from the thread that started the child, so children are started from a main thread only.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def spawn(
    argv: list[str], *, on_parent_death: int = signal.SIGTERM, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child tied to our life, in a session of its own so that Ctrl-C reaches us alone."""
    return subprocess.Popen(  # noqa: S603
        argv,
        start_new_session=True,
        preexec_fn=die_with_parent(on_parent_death),  # noqa: PLW1509  one C call, and the parent has no threads
        **options,
    )


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a child at most `seconds`; tell whether it has ended."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of a child's session: a pool process must not outlive its killed parent."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    for port in random.sample(PORTS, 200):
        if is_free(port):
            return port
    raise RuntimeError("No free port between 20000 and 32000 on 127.0.0.1.")


def kept_port(home: Path, name: str) -> int:
    """The port `name` had last time in this data folder; a new one if there is none or it is taken."""
    book = home / "ports.json"
    ports: dict[str, int] = json.loads(book.read_text()) if book.exists() else {}
    port = ports.get(name)
    if port is None or not is_free(port):
        ports[name] = free_port()
        write_private(book, json.dumps(ports))
    return ports[name]


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(content)
    draft.replace(path)


class FolderBusy(Exception):
    """Another `manage.py up` is running on the same data folder."""


def lock_folder(home: Path) -> IO[str]:
    """Hold the data folder for this process; it is free again when the returned file is closed."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (home / "lock").open("a+")
    try:
        _lock(file)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise FolderBusy(f"Watchbill is already running on {home} (process {owner}).") from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _lock(file: IO[str]) -> None:
    # Other commands look for a moment whether the folder is held, so one refusal means nothing yet.
    for _ in range(5):
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            select.select([], [], [], 0.05)
    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
