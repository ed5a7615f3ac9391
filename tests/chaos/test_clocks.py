"""Workers whose clocks are wrong, or jump: what is due is what Postgres says is due."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from importlib.metadata import distribution
from pathlib import Path

import pytest

from core.stack import programs
from tests.chaos.harness import Product, assert_in_time, assert_punctual
from tests.chaos.strikes import every
from tests.chaos.test_escalations import LADDER

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(240)]

LIBRARY = "libfaketime/vendor/libfaketime/src/libfaketime.so.1"
HOUR = 3600
JUMPS = ("+2h", "-2h", "+0")
HAND_OVER = (
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 7020"
    " and database = (select oid from pg_database where datname = current_database())"
)
"""End the connection of whoever leads: another leads then."""


def _wrong(**how: str) -> dict[str, str]:
    """Settings with which a process of its own has another time of day; its monotonic clock runs on, as it does."""
    return {
        "LD_PRELOAD": str(distribution("libfaketime").locate_file(LIBRARY)),
        "DONT_FAKE_MONOTONIC": "1",
        # Without this every thread that waits for Python's lock wakes at once and asks for it again.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "FAKETIME_CACHE_DURATION": "1",
        **how,
    }


def _is_off_by(settings: dict[str, str]) -> float:
    """Seconds by which a process with these settings is wrong about the time."""
    said = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=settings,
        capture_output=True,
        check=True,
    )
    return float(said.stdout) - time.time()


def test_f14_the_clocks_of_workers_are_wrong_and_jump(product: Product, tmp_path: Path) -> None:
    key = product.company("ladder")["key"]
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    jumping, fast, slow = (
        _wrong(FAKETIME_TIMESTAMP_FILE=str(clock)),
        _wrong(FAKETIME="+1h"),
        _wrong(FAKETIME="-1h"),
    )
    product.begin(env={"pagerd": jumping})
    jumps, seen = iter(JUMPS), [_is_off_by(fast), _is_off_by(slow)]

    def jump() -> None:
        clock.write_text(f"{next(jumps)}\n")
        seen.append(_is_off_by(jumping))

    def hand_over() -> None:
        if not all_sent():
            product.stack.rows(HAND_OVER)

    def all_sent() -> bool:
        senders = {int(worker.split()[-1]) for worker in product.senders("F-14")}
        return set(pids.values()) <= senders

    with ExitStack() as more:
        for name, wrong in (("pagerd2", fast), ("pagerd3", slow)):
            more.enter_context(product.another(name, programs.pagerd(name), wrong))
        pids = {name: product.stack.pid(name) for name in ("pagerd", "pagerd2", "pagerd3")}
        load = product.load(key, per_second=40)
        jumps_over, turns_over = every(2, len(JUMPS), jump), every(1, 12, hand_over)
        verdict = product.survive(
            "F-14", fault=lambda: jumps_over() & turns_over(), load=load, wanted=LADDER, patience=30
        )
        for pid in pids.values():
            assert "libfaketime" in Path(f"/proc/{pid}/maps").read_text()
    assert [round(off / HOUR) for off in seen] == [1, -1, 2, -2, 0]
    assert product.ended == []
    assert all_sent()
    assert_punctual(product, levels=len(LADDER))
    assert_in_time(verdict, p99=1)
