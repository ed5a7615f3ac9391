"""What is kept on the disk while Postgres is away: a disk that is full, a process that dies, files that are spoilt."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from core.stack import probe, processes, programs
from core.stack.supervise import Program
from tests.chaos.glass import keys_are_kept
from tests.chaos.harness import Product, assert_survived
from tests.chaos.ledger import ALERTS
from tests.chaos.test_postgres import read_only
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

DISK_KB = 256
FILE_KB = 8
MANY = 60 if ALERTS <= 200 else ALERTS
APART = ["unshare", "--map-root-user", "--mount"]


@contextmanager
def another_web(product: Product, program: Program, port: int, *, spool: Path, **env: str) -> Iterator[None]:
    """A second web process with a spool of its own."""
    shutil.copytree(product.folder / "spool", spool)
    with product.another("web2", program, {"SPOOL_DIR": str(spool), **env}):
        until(lambda: probe.answers(port), seconds=30, what="the second web")
        try:
            yield
        finally:
            read_only(product, on=False)


def on_a_small_disk(port: int, spool: Path) -> Program:
    """A web process whose spool is a disk of its own, where this machine lets us mount one."""
    program = programs.web(port)
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode != 0:
        return program
    mount = f'mount -t tmpfs -o size={DISK_KB}k none "$0" && cp -r "$1"/. "$0" && exec "$@"'
    script = mount.replace('"$1"', f'"{spool}.before"').replace('exec "$@"', 'exec "$@"')
    return Program("web", [*APART, "sh", "-c", script, str(spool), *program.argv])


def test_f25_the_disk_is_full_and_postgres_is_away(product: Product, tmp_path: Path) -> None:
    keys_are_kept(product)
    port, spool = processes.free_port(), tmp_path / "spool"
    shutil.copytree(product.folder / "spool", f"{spool}.before")
    program = on_a_small_disk(port, spool)
    load = product.load(
        port=port, alerts=MANY, per_second=100, keeps_trying=True, body={"description": "x" * FILE_KB * 1024}
    )
    with another_web(product, program, port, spool=spool, SPOOL_MAX_DISK_PERCENT="100"):
        if program.argv[0] != APART[0]:
            limit = FILE_KB * 1024 + 350
            resource.prlimit(product.stack.pid("web2"), resource.RLIMIT_FSIZE, (limit, limit))
        read_only(product, on=True)
        ledger = product.pour("F-25", load=load)
        until(lambda: ledger.statuses[503] >= 20, seconds=20, what="a full disk")
        kept = len(ledger.accepted)
        read_only(product, on=False)
        verdict = product.finish(ledger)
    assert ledger.statuses.keys() == {200, 503}
    if program.argv[0] == APART[0]:
        assert 0 < kept <= DISK_KB // FILE_KB
    assert_survived(verdict, p99=20)


@pytest.mark.full
def test_f26_web_dies_while_keeping_files_and_files_are_spoilt_and_repeated(
    product: Product, tmp_path: Path
) -> None:
    product.begin()
    keys_are_kept(product)
    port, spool = processes.free_port(), tmp_path / "spool"
    whole: dict[str, bytes] = {}
    strikes = 3

    began = time.monotonic()
    healed: list[float] = []

    def spoil() -> bool:
        """When the deaths are over keep copies, put two spoilt files among them, and let Postgres be written to."""
        files = [file for file in (spool / "waiting").glob("*") if file.is_file()]
        if not healed and len(product.markers("before_spool_rename")) == strikes and len(files) >= 5:
            whole.update({file.name: file.read_bytes() for file in files})
            name, content = sorted(whole.items())[0]
            digits, _, checksum = name.partition("-")
            (spool / "waiting" / f"{int(digits) + 1:020d}-{checksum}").write_bytes(content[:-7])
            (spool / "waiting" / f"{int(digits) + 2:020d}-{checksum}").write_bytes(b"\xff\x00" * 40)
            read_only(product, on=False)
            healed.append(time.monotonic() - began)
        return bool(healed)

    dies = {"WATCHBILL_FAILPOINTS": f"before_spool_rename:die-{strikes}"}
    with another_web(product, programs.web(port), port, spool=spool, **dies):
        read_only(product, on=True)
        load = product.load(port=port, keeps_trying=True, per_second=min(50.0, ALERTS / 30))
        verdict = product.survive("F-26", load=load, fault=spoil, patience=30)
        died = product.struck("before_spool_rename")
        for name, content in whole.items():  # the same files once more
            (spool / "waiting" / name).write_bytes(content)
        until(lambda: not list((spool / "waiting").iterdir()), seconds=30, what="an empty spool")
    assert len(died) == strikes
    assert len(list((spool / "quarantine").iterdir())) == 2
    assert set(product.ledger.statuses) <= {0, 200, 503}
    counts = product.stack.rows(
        "select max(count), count(*) from oncall_alert where title like %s", f"{product.ledger.word} %"
    )
    assert counts[0][1] == load.alerts
    told = product.stack.rows(
        "select count(*) from oncall_escalation where message like '%%cannot be read%%'"
    )
    assert told[0][0] >= 1
    assert_survived(verdict, p99=healed[0] + 5)
