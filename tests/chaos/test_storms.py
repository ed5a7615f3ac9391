"""More than anybody could read: everything is taken, nobody is woken twice a minute for the same."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.chaos import report
from tests.chaos.harness import SLOWNESS, WORKERS, Product, assert_in_time
from tests.chaos.ledger import ALERTS
from tests.chaos.oracle import Verdict, Wanted, share
from tests.waiting import until

if TYPE_CHECKING:
    from tests.chaos.ledger import Ledger
    from tests.chaos.oracle import Receipt

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(400)]

PEOPLE = 1300 if ALERTS >= 1000 else 300
GROUPS, TARGETS, AT_ONCE = 50, 20, 5
STORM = max(GROUPS * TARGETS, 10 * ALERTS)
STORM_SECONDS = 60 if ALERTS >= 1000 else 15
STORMY = {name: {"PAGER_STORM_AFTER": str(AT_ONCE)} for name in WORKERS}


def test_f19_one_alert_goes_to_a_crowd(product: Product) -> None:
    key = product.company("crowd", PEOPLE)["key"]
    product.begin(delay=0.1)
    wanted = [Wanted((f"crowd-{n}",)) for n in range(PEOPLE)]
    verdict = product.survive("F-19", load=product.load(key, alerts=1), wanted=wanted, patience=60)
    assert len(verdict.delays) == PEOPLE
    assert_in_time(verdict, p99=15)
    assert max(verdict.delays) <= 15 * SLOWNESS


def test_f18_a_storm_of_alerts(product: Product) -> None:
    storm(product, "F-18")


def test_f28_a_forgotten_transaction_stays_open_through_a_storm(product: Product) -> None:
    with ExitStack() as forgotten:
        connection = forgotten.enter_context(psycopg.connect(product.stack.database_url))
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("set idle_in_transaction_session_timeout = 0")
        connection.execute("select count(*) from outbox_message")
        storm(product, "F-28")
        (horizon,) = product.stack.rows(
            "select count(*) from pg_stat_activity where backend_xmin is not null and state = 'idle in transaction'"
        )[0]
        assert horizon >= 1
        assert share([_look(product) for _ in range(100)], 99) <= 0.02 * SLOWNESS


def _look(product: Product) -> float:
    """Seconds that a look for what is due takes, as each claim begins with it."""
    found = product.stack.rows(
        "explain (analyze, format json) select id from outbox_message"
        " where state in ('pending', 'sending') and lane <= 1 and due_at <= now() and state = 'pending'"
        " order by lane, due_at limit 10"
    )
    return float(found[0][0][0]["Execution Time"]) / 1000


def storm(product: Product, word: str) -> None:
    """Many alerts of few groups to a few people, with digests on."""
    keys = product.company("targets", TARGETS)["keys"]
    product.begin(env=STORMY)
    load = product.load(*keys, alerts=STORM, per_second=STORM / STORM_SECONDS, groups=GROUPS)
    began = time.time()
    ledger = product.pour(word, load=load)
    while ledger.is_pouring:
        product.supervise()
        ledger.wait(0.2)
    ended = time.time()
    until(lambda: _is_drained(product, ledger), seconds=30 * SLOWNESS, what="the storm is over for everybody")
    _judge(product, ledger, word, minutes=(time.time() - began) / 60 + 1)
    assert ended - began < STORM_SECONDS * 1.5 * SLOWNESS


def _is_drained(product: Product, ledger: Ledger) -> bool:
    left = product.stack.rows("select count(*) from oncall_signal where state = 'new'")[0][0]
    due = product.stack.rows(
        "select count(*) from outbox_message where state in ('pending', 'sending') and due_at < now() + interval '1 s'"
    )[0][0]
    return left == due == 0 and bool(ledger.accepted)


def _judge(product: Product, ledger: Ledger, word: str, *, minutes: float) -> None:
    assert ledger.refused == []
    counted = product.stack.rows(
        "select sum(count), count(*) from oncall_alert where title like %s", f"{ledger.word} %"
    )
    assert counted == [(STORM, GROUPS * TARGETS)]  # 0 lost: each is counted in the alert of its group
    # Every page has arrived, or is in a digest that has, or that is still to go at the end of its minute.
    states = Counter(
        state
        for (state,) in product.stack.rows(
            "select coalesce(d.state, m.state) from oncall_alert a join oncall_escalation e on e.alert_id = a.id"
            " join oncall_page p on p.escalation_id = e.id"
            " join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id"
            " left join outbox_message d on d.id = m.bundle_of_id where a.title like %s",
            f"{ledger.word} %",
        )
    )
    assert set(states) <= {"accepted", "pending", "sending"}
    assert states.total() == GROUPS * TARGETS
    came = [
        one for one in product.sink.receipts() if one.at >= ledger.began_at and one.to.startswith("target-")
    ]
    _judge_receipts(product, ledger, came, word, minutes=minutes)


def _judge_receipts(
    product: Product, ledger: Ledger, came: list[Receipt], word: str, *, minutes: float
) -> None:
    assert len({one.key for one in came}) == len(came)  # nothing twice
    own = [one for one in came if one.title.startswith(ledger.word)]
    assert max(Counter((one.to, one.title) for one in own).values()) == 1
    assert max(Counter(one.to for one in own).values()) <= AT_ONCE * minutes
    digests = Counter(one.to for one in came if not one.title.startswith(ledger.word))
    assert max(digests.values(), default=0) <= minutes
    first: dict[str, float] = {}
    for one in own:
        first[one.to] = min(first.get(one.to, one.at), one.at)
    delays = [at - ledger.began_at for at in first.values()]
    assert len(delays) == TARGETS
    assert max(delays) <= (5 + TARGETS / ledger.load.per_second) * SLOWNESS
    report.note(word, Verdict(delays=delays), seed=product.seed, alerts=STORM)
