"""Redis that is not there, or has no room: slower, and nothing else."""

from __future__ import annotations

import pytest
import redis

from tests.chaos.harness import Product, assert_in_time

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(240)]


def test_f08_redis_is_absent_from_the_start(product: Product) -> None:
    server = product.stack.redis
    server.stop()
    try:
        product.begin(kinds=frozenset({"pagerd"}))
        verdict = product.survive("F-08")
        with pytest.raises(redis.ConnectionError), redis.Redis.from_url(server.url) as client:
            client.ping()
    finally:
        server.start()
    assert {worker.split()[0] for worker in product.senders("F-08")} == {"pagerd"}
    assert_in_time(verdict, p99=3)


def test_f08_redis_has_no_memory_left(product: Product) -> None:
    product.begin()
    with redis.Redis.from_url(product.stack.redis.url) as client:
        client.config_resetstat()
        client.config_set("maxmemory", 1)
        try:
            verdict = product.survive("F-08")
            refused = client.info("errorstats").get("errorstat_OOM")
        finally:
            client.config_set("maxmemory", 0)
    assert refused
    assert_in_time(verdict, p99=3)
