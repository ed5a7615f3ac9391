"""What may break, broken on purpose under load: no accepted alert is lost, and duplicates are only what was under way.

Each test first proves that its fault has struck; a fault that did not happen proves nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import redis

from tests.chaos.harness import CELERY, LEASE_SECONDS, Product, assert_survived

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]

STRIKES = 4


def test_f02_workers_die_after_claiming_and_before_sending(product: Product) -> None:
    product.begin(failpoints=f"after_claim:die-{STRIKES}")
    verdict = product.survive("F-02")
    struck = product.struck("after_claim")
    assert len(struck) == STRIKES
    assert verdict.cut_off >= STRIKES
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=LEASE_SECONDS + 3)


def test_f03_workers_die_after_sending_and_before_recording(product: Product) -> None:
    product.begin(failpoints=f"after_send:die-{STRIKES}")
    verdict = product.survive("F-03")
    struck = product.struck("after_send")
    assert len(struck) >= 2  # two threads of one process may strike at once
    assert verdict.duplicates >= STRIKES, verdict
    assert_survived(verdict, p99=LEASE_SECONDS + 3)


def test_f05_redis_is_gone_for_eight_seconds_and_comes_back_empty(product: Product) -> None:
    product.begin()
    server = product.stack.redis
    before = server.process
    assert before is not None
    gone_at = back_at = 0.0
    received = len(product.sink.receipts())

    def shut_down_and_come_back() -> bool:
        nonlocal gone_at, back_at
        if not gone_at and len(product.sink.receipts()) > received:
            with redis.Redis.from_url(server.url) as client:
                client.shutdown(nosave=True)
            assert before.wait(5) == 0
            gone_at = time.monotonic()
        if gone_at and not back_at and time.monotonic() > gone_at + 8:
            shutil.rmtree(server.home / "redis")
            server.start()
            back_at = time.monotonic()
        return bool(back_at)

    try:
        verdict = product.survive("F-05", fault=shut_down_and_come_back)
    finally:
        if not server.running:
            server.start()
    assert before.returncode == 0
    assert server.pid != before.pid
    assert back_at - gone_at >= 8
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=3)


def test_f11_a_sender_is_stopped_beyond_its_lease_and_goes_on(product: Product) -> None:
    product.begin(delay=0.3)
    frozen: list[int] = []
    frozen_at = thawed_at = 0.0

    def freeze_and_thaw() -> bool:
        nonlocal frozen_at, thawed_at
        if not frozen:
            frozen.extend(_freeze_while_sending(product))
            frozen_at = time.monotonic()
        elif not thawed_at and time.monotonic() > frozen_at + LEASE_SECONDS + 2:
            assert {_state(pid) for pid in frozen} == {"T"}
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
            thawed_at = time.monotonic()
        return bool(thawed_at) and _tries(product, frozen, "late") > 0

    verdict = product.survive("F-11", fault=freeze_and_thaw)
    assert thawed_at - frozen_at > LEASE_SECONDS
    assert _tries(product, frozen, "outcome = 'unknown'") > 0  # others took over what it was sending
    assert _tries(product, frozen, "late") > 0  # and what it said of that afterwards changed nothing
    assert_survived(verdict, p99=LEASE_SECONDS + 3)


def test_f32_every_celery_task_fails(product: Product) -> None:
    product.begin(failpoints="celery_task:raise")
    verdict = product.survive("F-32")
    for name in CELERY:
        assert product.log(name).count("core.failpoints.Struck: celery_task") > 1
    assert {worker.split()[0] for worker in product.senders("F-32")} == {"pagerd"}
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=3)


def _freeze_while_sending(product: Product) -> list[int]:
    """Stop a Celery worker with all its processes in a moment in which it is sending; give their pids."""
    family = product.family("worker")
    for pid in reversed(family):
        os.kill(pid, signal.SIGSTOP)
    sending = product.stack.rows(
        "select count(*) from outbox_message"
        " where state = 'sending' and split_part(lease_owner, ' ', 3)::int = any(%s)",
        family,
    )
    if sending[0][0]:
        return family
    for pid in family:
        os.kill(pid, signal.SIGCONT)
    return []


def _tries(product: Product, pids: list[int], which: str) -> int:
    """How many tries of these processes there are of some kind."""
    found = product.stack.rows(
        f"select count(*) from outbox_attempt where {which} and split_part(worker, ' ', 3)::int = any(%s)",
        pids,
    )
    return int(found[0][0])


def _state(pid: int) -> str:
    """The state of a process as Linux has it: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
