"""The parts of the measurement: each runs the product through something, and gives figures beside their targets."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.paging import models_of_rules
from bench.run import Figure
from tests.chaos import evidence
from tests.chaos.harness import LEASE_SECONDS, WORKERS, Product
from tests.chaos.oracle import Wanted, share
from tests.chaos.strikes import every

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.oracle import Verdict

RECIPIENTS = 1300
PAGES, STRIKES, STRIKING_SECONDS = 1500, 40, 30.0
SLOW_SECONDS, QUICK_SECONDS = 0.02, 0.005
"""How long the receiver takes over a page where workers are killed: so long that kills meet pages under way, and as long
as the receiver of the model for which the share of duplicates was set."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its name; a long one runs only when it is asked for."""

    name: str
    run: Callable[[Product], list[Figure]]
    is_long: bool = False


def at_most(name: str, measured: float, unit: str, target: float, beside: str = "") -> Figure:
    return Figure(name, measured, unit, target, at_least=False, beside=beside)


def kills(product: Product) -> list[Figure]:
    """B-01 and B-02: forty kills of workers that were claiming, sending and recording."""
    slow, quick = _killed(product, SLOW_SECONDS), _killed(product, QUICK_SECONDS)
    lost = [
        f"{lost} by {models_of_rules.RULES[key].name}"
        for key in models_of_rules.RULES
        for lost in [
            models_of_rules.Run(key, product.sink, product.stack.database_url).lost(
                pages=PAGES, kills=STRIKES, seconds=STRIKING_SECONDS / 2
            )
        ]
    ]
    unmeant = sum(max(0, each.duplicates - each.cut_off - each.too_slow) for each in (slow, quick))
    return [
        at_most(
            f"B-01 pages lost of {2 * PAGES:,} under {2 * STRIKES} kill -9",
            sum(len(each.lost) + len(each.lies) for each in (slow, quick)),
            "",
            0,
            f"models, of {PAGES:,} under {STRIKES}: " + ", ".join(lost),
        ),
        at_most(
            "B-02 duplicates beyond what was under way",
            unmeant,
            "",
            0,
            f"{slow.duplicates + quick.duplicates} in all, {slow.cut_off + quick.cut_off} tries were cut off",
        ),
        at_most(
            f"B-02 duplicates, share of the pages, {1000 * QUICK_SECONDS:.0f} ms each",
            100 * quick.duplicates / PAGES,
            " %",
            1,
            f"{1000 * SLOW_SECONDS:.0f} ms each: {100 * slow.duplicates / PAGES:.2f} %",
        ),
    ]


def _killed(product: Product, delay: float) -> Verdict:
    """What becomes of the pages while workers are killed and the receiver takes so many seconds over each."""
    product.begin(delay=delay)
    return product.survive(
        "B-01",
        fault=every(STRIKING_SECONDS / STRIKES, STRIKES, _killing(product)),
        patience=60,
        load=product.load(alerts=PAGES, per_second=PAGES / STRIKING_SECONDS),
    )


def recovery(product: Product) -> list[Figure]:
    """B-03: workers die between claiming and sending."""
    product.begin(failpoints="after_claim:die-4")
    load = product.load(alerts=60, per_second=20)
    verdict = product.survive("B-03", patience=LEASE_SECONDS + 10, load=load)
    assert len(product.struck("after_claim")) == 4
    beside = "by their documented rules: Celery on Redis 100 s, River and Oban 60 min, Solid Queue and GoAlert never"
    return [
        at_most(
            "B-03 a claimed page whose worker died goes out, after its lease",
            max(verdict.delays) - LEASE_SECONDS,
            " s",
            3,
            beside,
        ),
        at_most("B-03 pages lost", len(verdict.lost), "", 0),
    ]


def first_send(product: Product) -> list[Figure]:
    """B-04: nothing is broken."""
    product.begin()
    few = product.survive("B-04", load=product.load(alerts=300, per_second=10))
    calm = [1000 * delay for delay in few.delays]
    busy = product.survive("B-04", load=product.load(alerts=1000, per_second=100))
    polls = "by their rules: Healthchecks looks every 2 s, GoAlert every 5 s, OneUptime every 60 s"
    return [
        at_most("B-04 accepted to first send at 10/s, p50", share(calm, 50), " ms", 25, polls),
        at_most("B-04 accepted to first send at 10/s, p99", share(calm, 99), " ms", 150),
        at_most("B-04 accepted to first send at 100/s, p99", busy.p99, " s", 1),
        at_most("B-04 duplicates", few.duplicates + busy.duplicates - few.too_slow - busy.too_slow, "", 0),
    ]


def without_redis(product: Product) -> list[Figure]:
    """B-05: Redis is gone, hangs, or every Celery task fails."""
    load = product.load(alerts=200, per_second=20)
    product.begin()
    product.stack.redis.stop()
    try:
        gone = product.survive("B-05", load=load)
    finally:
        product.stack.redis.start()
    product.begin()
    process = product.stack.redis.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        hung = product.survive("B-05", load=load)
    finally:
        process.send_signal(signal.SIGCONT)
    product.begin(failpoints="celery_task:raise")
    failing = product.survive("B-05", load=load)
    beside = "Grafana OnCall, by its rule: nothing until the broker is back"
    return [
        at_most("B-05 Redis gone, p99", gone.p99, " s", 3, beside),
        at_most("B-05 Redis hung, p99", hung.p99, " s", 4, beside),
        at_most("B-05 every Celery task failing, p99", failing.p99, " s", 3),
        at_most(
            "B-05 pages lost",
            sum(len(one.lost) + len(one.lies) for one in (gone, hung, failing)),
            "",
            0,
        ),
    ]


def many_at_once(product: Product) -> list[Figure]:
    """A hundred alerts within a moment."""
    product.begin()
    product.survive("burst", load=product.load(alerts=100, per_second=10_000))
    first = min(accepted.at for accepted in product.ledger.accepted)
    last = max(receipt.at for receipt in product.sink.receipts())
    return [
        at_most("100 alerts at once, all sent after", last - first, " s", 1, "Grafana OnCall 12.7 s median")
    ]


def recipients(product: Product) -> list[Figure]:
    """B-06: one alert for 1,300 people, by a provider that takes 100 ms a page."""
    key = product.company("crowd", RECIPIENTS)["key"]
    product.begin(delay=0.1)
    wanted = [Wanted((f"crowd-{n}",)) for n in range(RECIPIENTS)]
    verdict = product.survive("B-06", load=product.load(key, alerts=1), wanted=wanted, patience=60)
    return [
        at_most(
            f"B-06 one alert to {RECIPIENTS:,} people, the last is reached after",
            max(verdict.delays),
            " s",
            15,
            "GoAlert, by its rule of 5 messages in 5 s: 1,300 s",
        ),
        at_most("B-06 people who were not reached", RECIPIENTS - len(verdict.delays), "", 0),
        at_most("B-06 duplicates", verdict.duplicates - verdict.too_slow, "", 0),
    ]


def punctuality(product: Product) -> list[Figure]:
    """B-08: levels are asked on time while a worker is killed each second."""
    key = product.company("ladder")["key"]
    product.begin()
    wanted = [Wanted((name,)) for name in ("first", "second", "third")]
    load = product.load(key, alerts=100, per_second=10)
    kill = every(1, 12, _killing(product))
    product.survive("B-08", fault=kill, load=load, wanted=wanted, patience=30)
    asked = evidence.asked(product.stack, product.ledger.word)
    early = evidence.early(asked, product.sink.receipts())
    late = [level.late for level in asked]
    return [
        at_most("B-08 levels asked after their time under kills, p99", share(late, 99), " s", 1),
        at_most("B-08 asked too early", len(early), "", 0),
    ]


def _killing(product: Product) -> Callable[[], None]:
    chance = random.Random(8)  # noqa: S311 - the same kills every time

    def kill() -> None:
        product.stack.kill(chance.choice(WORKERS))

    return kill


def detectors(product: Product) -> list[Figure]:
    """B-14: looks for stuck pages beside a million messages, on a database of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.stuck"], check=False, capture_output=True, text=True, env=os.environ
    )
    slowest = next(line for line in done.stdout.splitlines() if line.startswith("slowest "))
    return [at_most("B-14 a look for stuck pages beside 1,000,000", float(slowest.split()[1]), " ms", 50)]
