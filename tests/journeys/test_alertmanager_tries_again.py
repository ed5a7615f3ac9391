"""A real Alertmanager posts to a product that is dead, and goes on until it is back: one page, and its end arrives too."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING

import pytest

from core.stack import probe
from core.stack.embedded import Postgres
from tests.journeys.monitoring import Monitoring, source
from tests.running import Stack
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.journey, pytest.mark.prometheus, pytest.mark.timeout(300)]

TITLE = "Card payments fail at the checkout"
_FAILED = re.compile(
    r'^alertmanager_notification_requests_failed_total\{.*integration="webhook".*\} (\d+)', re.M
)
_ALERT = "select status, count from oncall_alert where title = %s"


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Stack]:
    """The product with a Postgres of its own, so that all of it can be ended."""
    postgres = Postgres(tmp_path / "database", settings={"fsync": "off", "full_page_writes": "off"})
    stack = Stack(tmp_path, postgres=postgres)
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture
def monitoring(mortal: Stack, tmp_path: Path) -> Iterator[Monitoring]:
    running = Monitoring(tmp_path, url=source(mortal)).start()
    yield running
    running.stop()


def test_what_is_posted_while_everything_is_dead_arrives_once_it_is_back(
    mortal: Stack, monitoring: Monitoring
) -> None:
    end(mortal)
    monitoring.metric.value = 0.31
    until(lambda: failures(monitoring) >= 2, seconds=60, what="Alertmanager has tried twice")
    begin(mortal)
    mortal.smtp.inbox.wait(until=lambda mails: any(TITLE in each.subject for each in mails), seconds=60)
    assert mortal.rows(_ALERT, TITLE) == [("triggered", 1)]

    end(mortal)
    failed = failures(monitoring)
    monitoring.metric.value = 0.004
    until(lambda: failures(monitoring) > failed, seconds=60, what="Alertmanager has tried again")
    begin(mortal)
    mortal.until(
        lambda: mortal.rows(_ALERT, TITLE) == [("resolved", 1)], seconds=60, what="the alert is over"
    )
    assert sum(TITLE in each.subject for each in mortal.smtp.inbox.all()) == 1


def failures(monitoring: Monitoring) -> int:
    """How many posts of Alertmanager were in vain, by its own count."""
    with urllib.request.urlopen(
        f"http://127.0.0.1:{monitoring.ports['alertmanager']}/metrics", timeout=5
    ) as answer:
        found = _FAILED.findall(answer.read().decode())
    return sum(map(int, found))


def end(stack: Stack) -> None:
    """Kill every process at once, and the servers behind them."""
    for name in stack.processes:
        stack.kill(name)
    stack.redis.stop()
    assert stack.postgres is not None
    stack.postgres.stop()


def begin(stack: Stack) -> None:
    """Start all of it again."""
    assert stack.postgres is not None
    stack.postgres.start()
    stack.redis.start()
    for name in stack.plan:
        stack.run(name)
    until(lambda: probe.answers(stack.port), seconds=40, what="the web answers")
