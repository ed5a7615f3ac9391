"""The rest of what may break. `make test` runs those that are quick; `make chaos` runs all, with more alerts."""

from __future__ import annotations

import random
import signal
import time
from contextlib import suppress

import pytest
import redis

from tests.chaos.harness import LEASE_SECONDS, WORKERS, Product, assert_in_time, assert_survived
from tests.chaos.ledger import ALERTS
from tests.chaos.oracle import Wanted, share
from tests.chaos.strikes import every

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

STRIKES = 4
COPIES = 5
KILLS = 40 if ALERTS >= 1000 else 10
HUNG_SECONDS = 10 if ALERTS >= 1000 else 6


@pytest.mark.full
def test_f01_workers_are_killed_again_and_again(product: Product) -> None:
    product.begin()
    chance = random.Random(product.seed)  # noqa: S311 - the same kills every time
    hit: set[int] = set()

    def kill() -> None:
        name = chance.choice(WORKERS)
        hit.add(product.stack.pid(name))
        product.stack.kill(name)

    verdict = product.survive("F-01", fault=every(0.5, KILLS, kill), patience=30)
    assert len(hit) == KILLS
    assert_survived(verdict, p99=LEASE_SECONDS + 3)


def test_f04_workers_die_in_the_middle_of_asking_a_level(product: Product) -> None:
    product.begin(failpoints=f"in_advance:die-{STRIKES}")
    verdict = product.survive("F-04")
    assert len(product.struck("in_advance")) == STRIKES
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=3)


def test_f06_redis_forgets_everything_again_and_again(product: Product) -> None:
    product.begin()
    forgotten: list[bool] = []

    def flush() -> None:
        with redis.Redis.from_url(product.stack.redis.url) as client:
            forgotten.append(bool(client.flushall()))

    verdict = product.survive("F-06", fault=every(1, 4, flush))
    assert forgotten == [True] * 4
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=3)


def test_f07_redis_hangs_and_senders_are_still_answered(product: Product) -> None:
    product.begin()
    server = product.stack.redis
    frozen_at = thawed_at = 0.0

    def freeze_and_thaw() -> bool:
        nonlocal frozen_at, thawed_at
        if not frozen_at:
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            frozen_at = time.monotonic()
        elif not thawed_at and time.monotonic() > frozen_at + HUNG_SECONDS:
            assert server.process is not None
            server.process.send_signal(signal.SIGCONT)
            thawed_at = time.monotonic()
        return bool(thawed_at)

    try:
        verdict = product.survive("F-07", fault=freeze_and_thaw)
    finally:
        with suppress(ProcessLookupError):
            assert server.process is not None
            server.process.send_signal(signal.SIGCONT)
    assert thawed_at - frozen_at >= HUNG_SECONDS
    assert share(verdict.waits, 99) <= 2.5, verdict.waits
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=4)


@pytest.mark.full
@pytest.mark.parametrize("beats", [0, 2])
def test_f13_no_beat_or_two_of_them(product: Product, beats: int) -> None:
    product.begin()
    product.stack.plan["beat2"] = product.stack.plan["beat"]
    if beats:
        product.stack.run("beat2")
    else:
        product.stack.kill("beat")
    try:
        verdict = product.survive("F-13")
        assert product.stack.processes["beat"].poll() == (None if beats else -signal.SIGKILL)
    finally:
        if beats:
            product.stack.kill("beat2")
            del product.stack.processes["beat2"]
        else:
            product.stack.run("beat")
        del product.stack.plan["beat2"]
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=1)


def test_f16_every_alert_comes_five_times_at_once(product: Product) -> None:
    product.begin()
    verdict = product.survive("F-16", load=product.load(copies=COPIES))
    counts = product.stack.rows(
        "select substring(title from '[0-9]+$')::int %% 2, count, count(*) from oncall_alert"
        " where title like %s group by 1, 2 order by 1",
        f"{product.ledger.word} %",
    )
    # With an Idempotency-Key five are one; without it they are one alert that came five times.
    assert counts == [(0, COPIES, ALERTS // 2), (1, 1, ALERTS // 2)]
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=3)


@pytest.mark.full
def test_f21_the_receiver_fails_three_times_in_ten(product: Product) -> None:
    product.begin(failing=0.3)
    # Who is not reached at the second try hears of it by mail, while the tries go on.
    wanted = (Wanted(("bob", "mail")),)
    verdict = product.survive("F-21", patience=40, wanted=wanted)
    (failed,) = product.stack.rows(
        "select count(*) from outbox_attempt t join outbox_message m on m.id = t.message_id"
        " where t.outcome = 'temporary' and t.detail like 'HTTP 500%%' and m.content ->> 'subject' like %s",
        f"%{product.ledger.word} %",
    )[0]
    assert failed > ALERTS * 0.2
    assert_in_time(verdict, p99=5)


@pytest.mark.full
def test_f33_a_deploy_stops_every_worker_one_by_one(product: Product) -> None:
    product.begin()
    codes: list[int] = []
    waiting = list(WORKERS)

    def roll() -> None:
        name = waiting.pop()
        codes.append(product.stack.kill(name, signal.SIGTERM))
        product.stack.run(name)

    verdict = product.survive("F-33", fault=every(1, len(WORKERS), roll), patience=30)
    assert codes == [0] * len(WORKERS), codes
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=5)
