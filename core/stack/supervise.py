"""Keep servers and programs running until asked to stop: one thread, one loop, lines under their names."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.stack import processes
from core.stack.embedded import DidNotStart, Server

if TYPE_CHECKING:
    from pathlib import Path

FAILURES = 5
WITHIN_SECONDS = 30.0
STOP_SECONDS = 4.0
_TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Program:
    """Something to keep running; `name` stands before each line it prints."""

    name: str
    argv: list[str]


class GaveUp(Exception):
    """A child failed too often in a row."""


class Patience:
    """How long to wait before the next start of what just failed: 0, 1, 2, 3 s, then no more."""

    def __init__(self) -> None:
        self._failures: defaultdict[str, deque[float]] = defaultdict(deque)

    def after_failure(self, name: str, *, now: float) -> float:
        """Seconds until `name` may start again; GaveUp at its fifth failure within 30 s."""
        failures = self._failures[name]
        failures.append(now)
        while failures[0] <= now - WITHIN_SECONDS:
            failures.popleft()
        if len(failures) >= FAILURES:
            raise GaveUp(
                f"{name} failed {FAILURES} times within {WITHIN_SECONDS:.0f} s; stopping everything."
            )
        return float(len(failures) - 1)


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    rest: bytes = b""


class Supervisor:
    """Starts, watches, restarts and stops. `say(name, line)` prints; `run` returns the exit code."""

    def __init__(self, *, say: Callable[[str, str], None], folder: Path) -> None:
        self.environment: dict[str, str] = {}
        self._say = say
        self._folder = folder
        self._servers: list[Server] = []
        self._children: dict[str, _Child] = {}
        self._starts: dict[str, tuple[float, Program]] = {}
        self._patience = Patience()
        self._selector = selectors.DefaultSelector()
        self._stopping = 0
        self._waker: int | None = None

    def stop_on(self, *signals: signal.Signals) -> None:
        """End `run` on these signals; a second one cuts the waiting short."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        os.set_blocking(reader, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._waker = writer
        self._selector.register(reader, selectors.EVENT_READ, None)
        for number in signals:
            signal.signal(number, self._ask_to_stop)

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stopping > 0

    def serve(self, server: Server) -> None:
        """Start a server and keep it running."""
        server.start()
        self._servers.append(server)

    def start(self, program: Program) -> None:
        """Start a program and keep it running."""
        process = processes.spawn(
            program.argv,
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None  # noqa: S101
        os.set_blocking(process.stdout.fileno(), False)
        child = _Child(program, process)
        self._children[program.name] = child
        self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def run(self, *, each_tick: Callable[[], object]) -> int:
        """Watch until asked to stop (0) or until something failed too often (1)."""
        try:
            while not self.stopping:
                self._pass_on_lines(_TICK_SECONDS)
                self._look_after_servers()
                self._look_after_programs()
                each_tick()
        except GaveUp as error:
            self._say("up", str(error))
            return 1
        return 0

    def stop(self) -> None:
        """Stop the programs, all at once, then the servers; what does not stop in time is killed."""
        for child in self._children.values():
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while self._alive() and time.monotonic() < deadline and self._stopping < 2:
            self._pass_on_lines(0.05)
        for child in self._children.values():
            processes.end_group(child.process)
            child.process.wait()
        self._pass_on_lines(0)
        self._hang_up()
        for server in reversed(self._servers):
            server.stop()

    def _hang_up(self) -> None:
        if self._waker is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._waker)
            self._waker = None
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            if key.data is None:
                os.close(key.fd)
            else:
                key.data.process.stdout.close()

    def _ask_to_stop(self, _number: int, _frame: object) -> None:
        self._stopping += 1

    def _alive(self) -> bool:
        return any(child.process.poll() is None for child in self._children.values())

    def _pass_on_lines(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            try:
                chunk = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if key.data is not None:
                self._pass_on(key.data, chunk)
                if not chunk:
                    self._selector.unregister(key.fileobj)
                    key.data.process.stdout.close()

    def _pass_on(self, child: _Child, chunk: bytes) -> None:
        *lines, child.rest = (child.rest + chunk).split(b"\n")
        if not chunk and child.rest:
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            if text := line.decode(errors="replace").rstrip():
                self._say(child.program.name, text)

    def _look_after_servers(self) -> None:
        for server in self._servers:
            if not server.running and not self.stopping:
                self._say("up", f"{server.title} ended; starting it again on port {server.port}")
                self._patience.after_failure(server.title, now=time.monotonic())
                with suppress(DidNotStart):  # still down: the next tick counts and tries again
                    server.start()

    def _look_after_programs(self) -> None:
        now = time.monotonic()
        for name, child in list(self._children.items()):
            if child.process.poll() is not None and name not in self._starts:
                processes.end_group(child.process)
                delay = self._patience.after_failure(name, now=now)
                self._say("up", f"{name} ended ({_how(child.process.returncode)}); starting it again")
                self._starts[name] = (now + delay, child.program)
        for name, (at, program) in list(self._starts.items()):
            if at <= now:
                del self._starts[name]
                self.start(program)


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
