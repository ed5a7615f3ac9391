"""The parts in which much goes wrong at once: a storm of alerts, Postgres away, everything dead."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from bench.paging.parts import at_most
from tests.chaos.glass import begin_armed, by_glass
from tests.chaos.harness import WORKERS, Product
from tests.peers import WebhookSink
from tests.waiting import pass_by, until

if TYPE_CHECKING:
    from bench.run import Figure

PEOPLE, GROUPS, AT_ONCE = 20, 50, 5
ALERTS, SECONDS = 10_000, 60.0
AWAY_SECONDS = 120
GLASS_SECONDS = 60
BEAT_SECONDS, GRACE_SECONDS, BEATS = 60, 30, 3
_DUE = """
select (select count(*) from oncall_signal where state = 'new')
    + (select count(*) from outbox_message where state in ('pending', 'sending') and due_at <= now())"""


def storm(product: Product) -> list[Figure]:
    """B-07: ten thousand alerts in a minute, about fifty things at each of twenty sources that have one person each."""
    keys = product.company("targets", PEOPLE)["keys"]
    product.begin(env={name: {"PAGER_STORM_AFTER": str(AT_ONCE)} for name in WORKERS})
    load = product.load(*keys, alerts=ALERTS, per_second=ALERTS / SECONDS, groups=GROUPS)
    ledger = product.pour("B-07", load=load)
    while ledger.is_pouring:
        product.supervise()
        ledger.wait(0.2)
    ended = time.time()
    product.stack.until(lambda: _waiting(product) == 0, seconds=90, what="what is due is done")
    drained = time.time() - ended
    own = [receipt for receipt in product.sink.receipts() if receipt.title.startswith(ledger.word)]
    minutes = (time.time() - ledger.began_at) / 60 + 1
    counted = product.stack.rows(
        "select coalesce(sum(count), 0) from oncall_alert where title like %s", f"{ledger.word} %"
    )
    return [
        at_most(
            f"B-07 storm of {ALERTS:,} alerts in {SECONDS:g} s, refused or not counted",
            len(ledger.refused) + ALERTS - int(counted[0][0]),
            "",
            0,
        ),
        at_most(
            "B-07 first page after",
            min(receipt.at for receipt in own) - ledger.began_at,
            " s",
            5,
            "Grafana OnCall refuses over 300 alerts in 5 min",
        ),
        at_most(
            "B-07 most that one person gets in a minute, beside a digest",
            max(Counter(receipt.to for receipt in own).values()) / minutes,
            "",
            AT_ONCE,
            f"of {GROUPS} pages each; the rest goes in a digest a minute",
        ),
        at_most("B-07 done after the last alert", drained, " s", 30),
    ]


def _waiting(product: Product) -> int:
    return int(product.stack.rows(_DUE)[0][0])


def without_postgres(product: Product) -> list[Figure]:
    """B-09: Postgres is away for two minutes while alerts come in."""
    server, alerts = product.postgres, 500
    load = product.load(alerts=alerts, per_second=alerts / (AWAY_SECONDS - 10), keeps_trying=True)
    product.begin()
    gone_at = back_at = 0.0

    def away() -> bool:
        nonlocal gone_at, back_at
        if not gone_at:
            server.stop()
            gone_at = time.monotonic()
        if not back_at and time.monotonic() > gone_at + AWAY_SECONDS:
            server.start()
            back_at = time.time()
        pass_by()
        return bool(back_at)

    verdict = product.survive("B-09", fault=away, patience=AWAY_SECONDS + 60, load=load)
    last = max(receipt.at for receipt in product.sink.receipts())
    return [
        at_most(
            f"B-09 Postgres away for {AWAY_SECONDS} s, alerts lost of {alerts}",
            len(verdict.lost) + len(verdict.lies),
            "",
            0,
            f"answered {dict(product.ledger.statuses)}; GoAlert and Grafana OnCall answer 5xx",
        ),
        at_most("B-09 last page after Postgres was back", last - back_at, " s", 10),
        at_most("B-09 duplicates", verdict.duplicates, "", 0),
    ]


def break_glass(product: Product) -> list[Figure]:
    """B-09: Postgres goes away and stays away, with break-glass switched on as it is by default."""
    key = product.company("slow_ladder")["key"]
    begin_armed(product, after=GLASS_SECONDS)
    product.postgres.stop()
    stopped_at = time.time()
    try:
        ledger = product.pour("B-09", load=product.load(key, alerts=20, per_second=10, keeps_trying=True))
        until(lambda: by_glass(product, ledger.word), seconds=GLASS_SECONDS + 60)
        until(lambda: not ledger.is_pouring, seconds=60)
    finally:
        product.postgres.start()
    (page,) = by_glass(product, ledger.word)
    return [
        at_most(
            "B-09 Postgres gone, whoever is on call is paged by break-glass after",
            page.at - stopped_at,
            " s",
            90,
        )
    ]


def death(product: Product) -> list[Figure]:
    """B-15: everything is killed, where somebody outside expects a beat each minute and is patient for half of one."""
    outside = WebhookSink().start()
    watched = Product(product.folder / "watched", {"SELF_WATCH": "true", "HEARTBEAT_URLS": outside.url})
    watched.rests = True
    try:
        watched.start()
        watched.begin()
        outside.wait(BEATS, seconds=BEAT_SECONDS * (BEATS + 1))
        died_at = time.time()
        for name in [*watched.stack.processes]:
            watched.stack.kill(name)
        watched.postgres.stop()
        pass_by(BEAT_SECONDS + GRACE_SECONDS)
    finally:
        watched.stop()
        outside.stop()
    beats = [request.at for request in outside.requests]
    longest = max(later - earlier for earlier, later in pairwise(beats))
    return [
        at_most("B-15 beats that came after everything was killed", sum(at > died_at for at in beats), "", 0),
        at_most(
            "B-15 longest time between two beats while all is well",
            longest,
            " s",
            BEAT_SECONDS + GRACE_SECONDS,
        ),
        at_most(
            "B-15 everything is killed, noticed outside after",
            max(beats) + BEAT_SECONDS + GRACE_SECONDS - died_at,
            " s",
            90,
            "Grafana OnCall: 13 to 15 min",
        ),
    ]
