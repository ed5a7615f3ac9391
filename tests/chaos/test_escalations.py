"""Levels, people and policies that change under way, and dispatchers that die: whoever is to be asked is asked."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from core.stack import programs
from tests.chaos.company import LADDER_SECONDS
from tests.chaos.harness import (
    LEASE_SECONDS,
    WORKERS,
    Product,
    assert_in_time,
    assert_punctual,
    assert_survived,
)
from tests.chaos.ledger import ALERTS
from tests.chaos.oracle import Wanted
from tests.chaos.strikes import every

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(240)]

LADDER = tuple(Wanted((name,), n * LADDER_SECONDS) for n, name in enumerate(("first", "second", "third")))
REACHED = {"person": ("spare", "next"), "method": ("spare",), "turn": ("mail", "next")}
"""Who hears of an alert when what is gone was to carry it; whose turn was taken back still hears of the earlier ones."""
UNREACHABLE = (
    "the person's account is closed",
    "the contact method was removed",
    "the contact method was disabled",
)


@pytest.fixture(autouse=True)
def well(product: Product) -> Iterator[None]:
    """Let everybody take pages again."""
    yield
    product.sink.behave("usual", 200)


def test_f12_dispatchers_are_killed_each_second(product: Product) -> None:
    key = product.company("ladder")["key"]
    product.begin()
    chance = random.Random(product.seed)  # noqa: S311 - the same kills every time
    extra = [f"pagerd{n}" for n in range(2, 9)]
    hit: list[int] = []

    def kill() -> None:
        name = chance.choice([*WORKERS, *extra])
        hit.append(product.stack.pid(name))
        product.stack.kill(name)

    with ExitStack() as more:
        for name in extra:
            more.enter_context(product.another(name, programs.pagerd(name)))
        load = product.load(key, per_second=40)
        fault = every(1, 12, kill)
        verdict = product.survive("F-12", fault=fault, load=load, wanted=LADDER, patience=40)
    assert len(set(hit)) == 12
    assert_survived(verdict, p99=LEASE_SECONDS + 3)
    assert_punctual(product, levels=len(LADDER))


@pytest.mark.parametrize("what", ["person", "method", "turn"])
def test_f34_who_was_to_be_paged_is_gone_before_the_page_is_sent(product: Product, what: str) -> None:
    made = product.company("scheduled" if what == "turn" else "succession")
    # Every page to them waits for its next try while they go.
    product.sink.behave("usual", 500)
    product.begin()
    gone = {
        "person": "update accounts_user set is_active = false where id in ({who}) returning id",
        "method": "update oncall_contactmethod set is_enabled = false where id = (select min(id)"
        " from oncall_contactmethod where user_id in ({who})) returning id",
        "turn": "delete from oncall_participant where user_id in ({who}) returning id",
    }[what]
    who = (
        "select p.user_id from oncall_participant p join oncall_layer l on l.id = p.layer_id"
        f" where l.schedule_id = {made.get('schedule')}"
        if what == "turn"
        else str(made.get("first"))
    )
    struck: list[int] = []

    def go() -> bool:
        if not struck and product.sink.refused("usual") >= ALERTS // 4:
            struck.extend(pk for (pk,) in product.stack.rows(gone.format(who=who)))
        return bool(struck)

    load = product.load(made["key"], per_second=20)
    wanted = (Wanted(REACHED[what]),)
    verdict = product.survive("F-34", fault=go, load=load, wanted=wanted, settles=False, patience=40)
    arrived = {one.to for one in product.sink.receipts() if one.title.startswith(product.ledger.word)}
    assert REACHED[what][-1] in arrived
    if what != "turn":
        ends = product.stack.rows(
            "select distinct state, error from outbox_message where content ->> 'subject' like %s",
            f"%{product.ledger.word}%",
        )
        assert any(state == "suppressed" and error in UNREACHABLE for state, error in ends), ends
    assert_in_time(verdict, p99=5)


def test_f35_a_policy_is_edited_while_it_is_asked_by(product: Product) -> None:
    made = product.company("ladder")
    product.begin()
    edited: list[int] = []

    def edit() -> bool:
        """Let nobody be asked after the first level, once the first levels are asked."""
        begun = {one.title for one in product.sink.receipts() if one.to == "first"}
        if not edited and len([title for title in begun if title.startswith(product.ledger.word)]) == ALERTS:
            edited.extend(
                pk
                for (pk,) in product.stack.rows(
                    "delete from oncall_target where level_id in (select id from oncall_level"
                    " where policy_id = %s and position > 0) returning id",
                    made["policy"],
                )
            )
            product.stack.rows(
                "delete from oncall_level where policy_id = %s and position > 0 returning id", made["policy"]
            )
        return bool(edited)

    load = product.load(made["key"], per_second=max(50.0, ALERTS / 2))
    verdict = product.survive("F-35", fault=edit, load=load, wanted=LADDER, patience=30)
    assert len(edited) == 2
    assert_in_time(verdict, p99=3)

    verdict = product.survive("F-35", load=load, wanted=LADDER[:1], patience=30)
    later = {one.to for one in product.sink.receipts() if one.title.startswith(product.ledger.word)}
    assert later == {"first"}
    assert_in_time(verdict, p99=3)


HOSTILE: dict[str, dict[str, object]] = {
    "characters": {
        "description": "\x00\x1b[2J\u202e\ufeff\ud800 {{ 7*7 }} {% raise %} <script>alert(1)</script>" * 20,
        "labels": {"\x00": "\x00", "a" * 300: "b" * 5000},
    },
    "labels": {"labels": {f"label-{n}": f"value {n}" for n in range(10_000)}},
    "markdown": {"description": "[" * 20_000 + "]" * 20_000 + "*_" * 10_000, "links": [["x"] * 50] * 50},
    "types": {
        "description": {"a": [1, 2]},
        "labels": 7,
        "links": "no",
        "severity": ["critical"],
        "source": None,
    },
}


@pytest.mark.parametrize("what", HOSTILE)
def test_f31_alerts_are_made_to_break_the_product(product: Product, what: str) -> None:
    product.begin()
    load = product.load(alerts=max(10, ALERTS // 20), per_second=5, body=HOSTILE[what])
    verdict = product.survive("F-31", load=load, patience=30)
    assert_in_time(verdict, p99=5)


def test_f31_a_payload_is_far_too_large(product: Product) -> None:
    key = product.company("ladder")["key"]  # for each source there is one page about it
    product.begin()
    before = len(product.sink.receipts())
    ledger = product.pour("F-31", load=product.load(key, alerts=1, body={"description": "x" * 5_000_000}))
    product.stack.until(lambda: not ledger.is_pouring, seconds=20, what="the answer")
    assert ledger.accepted == []
    # It is refused, and somebody hears of it all the same.
    assert list(ledger.statuses) == [413] or "413" in ledger.refused[0]
    product.stack.until(lambda: len(product.sink.receipts()) > before, seconds=20, what="the page about it")
