"""Everything dies, or was dead for hours, or the clock jumps: somebody outside hears of it, and nothing is replayed."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from core.stack import probe
from tests.chaos.harness import WORKERS, Product, assert_survived
from tests.chaos.ledger import ALERTS, Ledger
from tests.chaos.oracle import Wanted
from tests.chaos.strikes import once
from tests.fastclock import FastClock
from tests.peers import WebhookSink
from tests.running import Stack
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.oracle import Receipt

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(400)]

DEAD_SECONDS = 6
BEAT_SECONDS, GRACE_SECONDS = 60, 30
"""How those outside are told to watch: a beat every minute, and half a minute of patience."""
STORMY = {name: {"PAGER_STORM_AFTER": "5"} for name in WORKERS}


class Timed(Stack):
    """A product whose database has a clock of its own."""

    clock: FastClock

    def prepare(self) -> None:
        self.clock = FastClock(self.database_url).install()


@pytest.fixture(scope="module")
def outside() -> Iterator[WebhookSink]:
    """Who hears the heartbeat."""
    server = WebhookSink().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, outside: WebhookSink) -> Iterator[Product]:
    env = {"SELF_WATCH": "true", "HEARTBEAT_URLS": outside.url}
    made = Product(tmp_path_factory.mktemp("alone"), env, kind=Timed)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def timed(alone: Product, seed: int) -> Product:
    alone.seed = seed
    return alone


def clock_of(product: Product) -> FastClock:
    assert isinstance(product.stack, Timed)
    return product.stack.clock


def go_on(product: Product, **passed: float) -> None:
    """Let so much time pass at once."""
    clock = clock_of(product)
    clock.go(clock.now() + timedelta(**passed), pace=1)


def test_f36_everything_is_killed_at_once(timed: Product, outside: WebhookSink) -> None:
    timed.begin()
    heard = len(outside.requests)
    go_on(timed, seconds=BEAT_SECONDS)
    outside.wait(heard + 1, seconds=40)
    everything = [*timed.stack.processes]
    died: list[float] = []

    def kill() -> None:
        for name in everything:
            timed.stack.kill(name)
        assert timed.stack.redis.process is not None
        timed.stack.redis.process.kill()
        timed.stack.redis.process.wait(10)
        assert timed.postgres.process is not None
        timed.postgres.process.send_signal(signal.SIGQUIT)
        timed.postgres.process.wait(10)
        died.append(time.time())

    def rise() -> None:
        died.append(time.time())
        timed.postgres.start()
        timed.stack.redis.start()
        for name in everything:
            timed.stack.run(name)
        until(lambda: probe.answers(timed.stack.port), seconds=40)
        died.append(time.time())

    timed.rests = True
    try:
        load = timed.load(keeps_trying=True, per_second=ALERTS / 8)
        verdict = timed.survive("F-36", fault=once(2, kill, DEAD_SECONDS, rise), load=load, patience=40)
    finally:
        timed.rests = False
    beats = [request.at for request in outside.requests]
    assert [at for at in beats if died[0] + 0.5 < at < died[1]] == []
    last = max(at for at in beats if at <= died[0] + 0.5)
    assert last + BEAT_SECONDS + GRACE_SECONDS - died[0] <= 90  # when those outside raise the alarm
    assert_survived(verdict, p99=died[2] - died[0] + 5)


def test_f38_two_hours_dead_with_half_of_it_resolved_meanwhile(timed: Product) -> None:
    key = timed.company("slow_ladder")["key"]
    timed.begin()
    load = timed.load(key)
    ledger = timed.pour("F-38", load=load)
    timed.finish(ledger, wanted=(Wanted(("first",)),), patience=40)
    for name in WORKERS:
        timed.stack.kill(name)
    go_on(timed, hours=2)
    over = Ledger(timed.load(key, alerts=ALERTS // 2, body={"status": "resolved"}), "")
    over.word = ledger.word
    over.start()
    timed.stack.until(lambda: not over.is_pouring, seconds=60, what="half of it is over")
    assert len(over.accepted) == ALERTS // 2
    before = len(timed.sink.receipts())
    timed.begin(env=STORMY, clears=False)

    def is_asked() -> bool:
        return _pages(timed, ledger.word)[1] == ALERTS - ALERTS // 2

    timed.stack.until(is_asked, seconds=40, what="the second level is asked about what is open")
    go_on(timed, seconds=61)
    timed.stack.until(lambda: _is_told(timed, ledger.word), seconds=60, what="everybody is told")
    came = timed.sink.receipts()[before:]
    assert {one.to for one in came} == {"second"}  # nothing that was missed is replayed
    titles = {one.title for one in came}
    assert titles.isdisjoint(
        {f"{ledger.word} alert {n}" for n in range(ALERTS // 2)}
    )  # what is over pages nobody
    assert 1 <= len(came) <= 3  # of what is late everybody gets one digest
    assert len({one.key for one in came}) == len(came)


def _pages(product: Product, word: str) -> tuple[int, int]:
    """How many pages the first and the second level have made."""
    rows = dict(
        product.stack.rows(
            "select p.level, count(*) from oncall_page p join oncall_escalation e on e.id = p.escalation_id"
            " join oncall_alert a on a.id = e.alert_id where a.title like %s and p.user_id is not null group by 1",
            f"{word} %",
        )
    )
    return rows.get(0, 0), rows.get(1, 0)


def _is_told(product: Product, word: str) -> bool:
    """Whether each page of the second level is in a digest that was taken, or was taken itself."""
    states = product.stack.rows(
        "select distinct coalesce(d.state, m.state) from oncall_page p"
        " join oncall_escalation e on e.id = p.escalation_id join oncall_alert a on a.id = e.alert_id"
        " join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id"
        " left join outbox_message d on d.id = m.bundle_of_id where a.title like %s and p.level = 1",
        f"{word} %",
    )
    return states == [("accepted",)]


def test_f15_the_clock_of_the_database_jumps(timed: Product) -> None:
    timed.begin()
    jumps = iter([{"hours": 1.0}, {"minutes": -10.0}, {"minutes": 10.0}])
    due = [time.monotonic() + 1]

    def jump() -> bool:
        if due and time.monotonic() > due[0]:
            step = next(jumps, None)
            due[:] = [time.monotonic() + 2] if step else []
            if step:
                go_on(timed, **step)
        return not due

    verdict = timed.survive("F-15", fault=jump, patience=40, load=timed.load(per_second=ALERTS / 6))
    assert verdict.lost == verdict.lies == verdict.doubled == []
    assert (
        max(_times(timed.sink.receipts(), timed.ledger.word).values()) <= 2
    )  # one duplicate of a page at most
    alarms = "select count(*) from watch_alarm where check_name = 'clock'"
    timed.stack.until(
        lambda: timed.stack.rows(alarms)[0][0] > 0, seconds=30, what="the alarm about the clock"
    )


def _times(receipts: list[Receipt], word: str) -> dict[str, int]:
    keys = [one.key for one in receipts if one.title.startswith(word)]
    return {key: keys.count(key) for key in keys}
