import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.stack.supervise import GaveUp, Patience, Program, Supervisor
from tests.core.stack.test_processes import alive
from tests.waiting import until

Lines = list[tuple[str, str]]


@pytest.fixture
def lines() -> Lines:
    return []


@pytest.fixture
def supervisor(lines: Lines, tmp_path: Path) -> Iterator[Supervisor]:
    kept = Supervisor(say=lambda name, line: lines.append((name, line)), folder=tmp_path)
    yield kept
    kept.stop()


def python(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-uc", code])


def run_until(supervisor: Supervisor, done: Callable[[], bool], *, seconds: float = 15.0) -> int:
    """Run the loop until `done()`; the exit code, or 0 when it was we who ended it."""
    deadline = time.monotonic() + seconds

    def look() -> None:
        assert time.monotonic() < deadline, "not in time"
        if done():
            supervisor._stopping = 1

    return supervisor.run(each_tick=look)


@pytest.mark.parametrize(
    ("failures", "wait"),
    [([0], 0), ([0, 1], 1), ([0, 1, 2], 2), ([0, 1, 2, 4], 3), ([0, 31], 0), ([0, 8, 16, 24, 32], 3)],
)
def test_the_wait_grows_with_failures_within_half_a_minute(failures: list[int], wait: int) -> None:
    patience = Patience()
    assert [patience.after_failure("web", now=1000.0 + at) for at in failures][-1] == wait


def test_the_fifth_failure_within_half_a_minute_is_the_last() -> None:
    patience = Patience()
    for at in range(4):
        patience.after_failure("web", now=float(at))
    with pytest.raises(GaveUp, match="web failed 5 times within 30 s"):
        patience.after_failure("web", now=29.0)


def test_failures_of_one_do_not_count_for_another() -> None:
    patience = Patience()
    for at in range(4):
        patience.after_failure("web", now=float(at))
    assert patience.after_failure("beat", now=4.0) == 0


def test_each_line_carries_the_name_of_its_program(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(python("one", "print('hello'); print('half', end=''); import signal; signal.pause()"))
    supervisor.start(python("two", "import sys; sys.stderr.write('grüße\\n'); import signal; signal.pause()"))
    run_until(supervisor, lambda: {("one", "hello"), ("two", "grüße")} <= set(lines))
    supervisor.stop()
    assert ("one", "half") in lines


def test_a_killed_program_is_started_again(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(python("web", "import os, signal; print(os.getpid()); signal.pause()"))
    run_until(supervisor, lambda: any(name == "web" for name, _ in lines))
    supervisor._stopping = 0
    supervisor._children["web"].process.send_signal(signal.SIGKILL)
    run_until(supervisor, lambda: len([line for line in lines if line[0] == "web"]) == 2)
    assert ("up", "web ended (signal SIGKILL); starting it again") in lines
    pids = [line for name, line in lines if name == "web"]
    assert pids[0] != pids[1]


class Server:
    title = "Postgres 18.4"
    port = 20001

    url = ""

    def __init__(self) -> None:
        self.starts = 0
        self.running = False
        self.stopped = False

    def start(self) -> None:
        self.starts += 1
        self.running = True

    def stop(self) -> None:
        self.stopped = True


def test_a_server_that_died_is_started_again_and_stopped_at_the_end(
    supervisor: Supervisor, lines: Lines
) -> None:
    server = Server()
    supervisor.serve(server)
    server.running = False
    run_until(supervisor, lambda: server.starts == 2)
    assert ("up", "Postgres 18.4 ended; starting it again on port 20001") in lines
    supervisor.stop()
    assert server.stopped


@pytest.mark.timeout(60)
def test_what_keeps_failing_ends_the_run_with_a_reason(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(python("worker", "raise SystemExit(3)"))
    assert run_until(supervisor, lambda: False, seconds=40) == 1
    assert lines[-1] == ("up", "worker failed 5 times within 30 s; stopping everything.")
    assert lines.count(("up", "worker ended (exit code 3); starting it again")) == 4


def test_stop_kills_what_ignores_the_request_with_all_its_children(
    supervisor: Supervisor, lines: Lines
) -> None:
    supervisor.start(
        python(
            "stubborn",
            "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "child = subprocess.Popen(['sleep', '60']); print(child.pid)\nwhile True: signal.pause()",
        )
    )
    run_until(supervisor, lambda: len(lines) == 1)
    begun = time.monotonic()
    supervisor.stop()
    assert 3.5 < time.monotonic() - begun < 6
    assert supervisor._children["stubborn"].process.returncode == -signal.SIGKILL
    until(lambda: not alive(int(lines[0][1])), seconds=2)


def test_a_signal_ends_the_run(supervisor: Supervisor) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    supervisor.stop_on(signal.SIGUSR1)
    threading.Timer(0.1, signal.raise_signal, [signal.SIGUSR1]).start()
    begun = time.monotonic()
    assert supervisor.run(each_tick=lambda: None) == 0
    assert time.monotonic() - begun < 3
    signal.signal(signal.SIGUSR1, before)
