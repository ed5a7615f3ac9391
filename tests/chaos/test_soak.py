"""An hour in which something dies every now and then, chosen by the seed; `SOAK_SECONDS` makes it shorter."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time

import pytest
import redis

from tests.chaos.harness import LEASE_SECONDS, WORKERS, Product, assert_survived

SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
PER_SECOND = 5.0
OUTAGE_SECONDS = 8.0
FAULTS = ("worker", "worker", "worker", "redis", "postgres")

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.soak, pytest.mark.timeout(SECONDS + 300)]


class Gremlin:
    """Kills a worker, takes Redis away for a while, or crashes Postgres; every five to fifteen seconds."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.chance = random.Random(product.seed)  # noqa: S311 - the same faults every time
        self.done: list[str] = []
        self._until = time.monotonic() + SECONDS - OUTAGE_SECONDS
        self._next = time.monotonic() + 3
        self._redis_back = 0.0

    def strike(self) -> bool:
        """Do what is due; whether it is over."""
        now = time.monotonic()
        if self._redis_back and now > self._redis_back:
            shutil.rmtree(self.product.stack.redis.home / "redis", ignore_errors=True)
            self.product.stack.redis.start()
            self._redis_back = 0.0
        elif not self._redis_back and self._next < now < self._until:
            what = self.chance.choice(FAULTS)
            getattr(self, f"_{what}")()
            self.done.append(what)
            self._next = time.monotonic() + self.chance.uniform(5, 15)
        return now > self._until and not self._redis_back

    def _worker(self) -> None:
        self.product.stack.kill(self.chance.choice(WORKERS))

    def _redis(self) -> None:
        server = self.product.stack.redis
        assert server.process is not None
        with redis.Redis.from_url(server.url) as client:
            client.shutdown(nosave=True)
        server.process.wait(10)
        self._redis_back = time.monotonic() + OUTAGE_SECONDS

    def _postgres(self) -> None:
        server = self.product.postgres
        assert server.process is not None
        server.process.send_signal(signal.SIGQUIT)
        server.process.wait(20)
        server.start()


def test_f37_faults_by_chance(product: Product) -> None:
    product.begin()
    gremlin = Gremlin(product)
    load = product.load(alerts=int(SECONDS * PER_SECOND), per_second=PER_SECOND, keeps_trying=True)
    try:
        verdict = product.survive("F-37", fault=gremlin.strike, load=load, patience=60)
    finally:
        if not product.stack.redis.running:
            product.stack.redis.start()
    assert set(gremlin.done) == set(FAULTS) or SECONDS < 600
    assert len(gremlin.done) >= SECONDS // 30
    assert_survived(verdict, p99=LEASE_SECONDS + 5)
