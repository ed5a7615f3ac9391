"""What fires, is over and is taken, in any order and at the same moment: what is open is heard of, what is over is not."""

from __future__ import annotations

import http.client
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.chaos import evidence
from tests.chaos.company import LADDER_SECONDS
from tests.chaos.harness import Product, assert_in_time
from tests.chaos.ledger import ALERTS, Ledger
from tests.chaos.oracle import Wanted, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.oracle import Receipt

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(240)]

LADDER = tuple(Wanted((name,), n * LADDER_SECONDS) for n, name in enumerate(("first", "second", "third")))
AT_ONCE_SECONDS = 1
"""What ends an alert is in the tables so soon after it was said; what is under way then arrives within as much again."""
ENDED = """
select title, extract(epoch from least(acknowledged_at, resolved_at))::float8,
    acknowledged_at is not null, resolved_at is not null
from oncall_alert where title like %s and status <> 'triggered'
"""
LATE = """
select a.title, t.n, t.started_at from oncall_alert a join oncall_escalation e on e.alert_id = a.id
join oncall_page p on p.escalation_id = e.id
join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id
join outbox_attempt t on t.message_id = m.id
where a.title like %s and t.started_at > least(a.acknowledged_at, a.resolved_at) + %s * interval '1 second'
"""


class Takers:
    """People who press Acknowledge on pages as they arrive, while monitoring says at the same moment that it is over.

    Of five that have arrived one is acknowledged, one resolved, two are both, in either order, and one is left alone.
    """

    def __init__(self, product: Product, ledger: Ledger) -> None:
        self.product = product
        self.ledger = ledger
        self.pool = ThreadPoolExecutor(8)
        self.chance = random.Random(product.seed)  # noqa: S311 - the same choice every time
        self.seen: set[str] = set()
        self.asked = 0
        self.answers: list[int] = []

    def press(self) -> bool:
        """End what has arrived since the last time; whether all that was asked for is answered."""
        for title, url in self.product.sink.links().items():
            if title.startswith(f"{self.ledger.word} ") and title not in self.seen:
                self.seen.add(title)
                ways = [(self._acknowledge, url), (self._resolve, title)]
                for way, what in self.chance.choice([[], ways[:1], ways[1:], ways, ways[::-1]]):
                    self.asked += 1
                    self.pool.submit(way, what)
        return len(self.answers) == self.asked

    def _acknowledge(self, url: str) -> None:
        self._post(urlsplit(url).path, "action=acknowledge", "application/x-www-form-urlencoded")

    def _resolve(self, title: str) -> None:
        (key,) = self.ledger.load.keys
        told = json.dumps({"title": title, "dedup_key": title, "status": "resolved"})
        self._post(f"/integrations/v1/generic/{key}/", told, "application/json")

    def _post(self, path: str, body: str, kind: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.product.stack.port, timeout=10)
        connection.request("POST", path, body, {"Content-Type": kind})
        self.answers.append(connection.getresponse().status)
        connection.close()


def test_f17_fired_resolved_and_acknowledged_in_any_order(product: Product) -> None:
    key = product.company("ladder")["key"]
    product.begin(delay=0.1)  # what is acknowledged is still being sent
    steady = product.load(key, per_second=20)
    fired = Ledger(steady, f"F-17-ended {product.seed}")
    takers = Takers(product, fired)
    # The first half is resolved at the moment when it fires, too: which of the two comes first is chance.
    over = Ledger(product.load(key, per_second=20, alerts=ALERTS // 2, body={"status": "resolved"}), "")
    over.word = fired.word
    left = product.pour("F-17", load=steady)
    fired.start()
    over.start()

    verdict = product.finish(left, fault=takers.press, wanted=LADDER, patience=40)
    takers.pool.shutdown()
    assert fired.refused == over.refused == []
    assert set(takers.answers) == {200, 303}
    ends = {row[0]: row[1:] for row in product.stack.rows(ENDED, f"{fired.word} %")}
    ways = Counter(row[1:] for row in ends.values())
    assert min(ways[True, False], ways[False, True], ways[True, True]) > ALERTS // 20, ways
    _judge_ended(product, fired, ends)
    assert_in_time(verdict, p99=3)


def _judge_ended(product: Product, fired: Ledger, ends: dict[str, tuple[float, ...]]) -> None:
    receipts = product.receipts()
    rows = evidence.rows(product.stack, fired.word)
    still_open = [accepted for accepted in fired.accepted if accepted.title not in ends]
    assert still_open
    verdict = judge(still_open, receipts, rows, LADDER)
    assert verdict.is_clean, verdict  # resolved before it fired, or by nobody: everybody is asked
    ended = [accepted for accepted in fired.accepted if accepted.title in ends]
    verdict = judge(ended, receipts, rows, ())
    assert verdict.is_clean, verdict
    assert product.stack.rows(LATE, f"{fired.word} %", 0.1) == []
    assert _too_late(receipts, ends) == []


def _too_late(receipts: Sequence[Receipt], ends: dict[str, tuple[float, ...]]) -> list[Receipt]:
    """What arrived although it was taken or over before it can have been under way."""
    return [
        one
        for one in receipts
        if one.title in ends and (one.to != "first" or one.at > ends[one.title][0] + AT_ONCE_SECONDS)
    ]
