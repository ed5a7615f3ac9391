"""The escalation clock: hours of a policy in seconds, by the database's clock, through the real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.places import page_link
from tests.fastclock import FastClock
from tests.running import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.peers import Mail

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ALICE, BOB, MONA = "alice@example.com", "bob@example.com", "mona@example.com"
PRIMARY, SECONDARY, MANAGER = ALICE, BOB, MONA


class Product(Stack):
    """Web and one pager on a database whose clock a test sets."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=0, env={"PAGER_STORM_AFTER": "0"})
        del self.plan["beat"]

    def prepare(self) -> None:
        self.clock = FastClock(self.database_url).install()
        done = subprocess.run(
            [sys.executable, "-m", "tests.journeys.engineering"],
            env={**self.env, "DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.keys: dict[str, str] = json.loads(done.stdout)

    def fire(self, policy: str, title: str) -> Night:
        """Take in an alert about which a policy asks; the story begins when its first level is due."""
        address = f"{self.url}/integrations/v1/generic/{self.keys[policy]}/"
        answer = httpx.post(address, json={"title": title, "dedup_key": title, "severity": "critical"})
        assert answer.status_code == 200
        found: list[tuple[int, datetime]] = []

        def is_asked() -> bool:
            found[:] = self.rows(
                "select e.id, min(p.planned_at) from oncall_escalation e join oncall_alert a on a.id = e.alert_id"
                " join oncall_page p on p.escalation_id = e.id where a.title = %s group by e.id",
                title,
            )
            return bool(found)

        self.until(is_asked, seconds=10, what="the first level is asked")
        return Night(self, title, *found[0])


@dataclass(frozen=True, slots=True)
class Night:
    """One alert and whom it wakes; minutes are counted from its first page."""

    product: Product
    title: str
    escalation: int
    began: datetime

    def go(self, minutes: float) -> None:
        """Let it be so many minutes later, once what is due has gone out: a claim does not outlast such a jump."""
        under_way = (
            "select 1 from outbox_message where state = 'sending' or (state = 'pending' and due_at <= now())"
        )
        self.product.until(lambda: not self.product.rows(under_way), seconds=10, what="nothing is under way")
        self.product.clock.go(self.began + timedelta(minutes=minutes))

    def at(self, minutes: float) -> None:
        """Let it be so many minutes later, and let the pager look at it, whether anything is due or not."""
        self.go(minutes)
        asked_at = self.product.clock.now()
        self.product.until(
            lambda: (
                self.product.rows(
                    "select 1 from outbox_workerbeat where kind = 'pagerd' and drained_at > %s", asked_at
                )
                != []
            ),
            seconds=10,
            what="a round of the pager",
        )

    def mails(self) -> list[Mail]:
        """The pages about this alert."""
        return [mail for mail in self.product.smtp.mails if self.title in mail.subject]

    def paged(self, count: int) -> list[str]:
        """Whom this alert has paged, once it has paged so many."""
        wanted = lambda: len(self.mails()) >= count  # noqa: E731
        self.product.until(wanted, seconds=10, what=f"{count} pages")
        return [mail.recipients[0] for mail in self.mails()]

    def planned(self) -> list[tuple[str, float]]:
        """Whom it asked, and at which minute."""
        rows = self.product.rows(
            "select u.email, extract(epoch from p.planned_at - %s)::float8 / 60 from oncall_page p"
            " join accounts_user u on u.id = p.user_id where p.escalation_id = %s order by p.id",
            self.began,
            self.escalation,
        )
        return [(email, round(minute, 3)) for email, minute in rows]

    def state(self) -> str:
        return str(
            self.product.rows("select status from oncall_escalation where id = %s", self.escalation)[0][0]
        )

    def acknowledge(self, mail: Mail) -> httpx.Response:
        """Press the button behind the link of a page."""
        return httpx.post(page_link(mail), data={"action": "acknowledge"}, follow_redirects=True)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("clock"))
    try:
        made.start(sample_company=False)
        yield made
    finally:
        made.stop()


def until_it_gives_up(night: Night, minutes: list[float], end: float) -> None:
    """Go from page to page; a second before each nobody is asked yet."""
    for n, minute in enumerate(minutes, start=1):
        night.go(minute)
        night.paged(n)
    night.at(end - 1 / 60)
    assert night.state() == "escalating"
    night.go(end)
    night.product.until(lambda: night.state() == "exhausted", seconds=10, what="it gives up")


def test_nobody_acknowledges_and_it_gives_up_after_two_passes_in_all(product: Product) -> None:
    night = product.fire("10x2", "Nobody answers twice")
    night.at(10 - 1 / 60)
    assert night.paged(1) == [PRIMARY]  # at 9:59 nobody else is asked
    until_it_gives_up(night, [0, 10, 20, 35, 45, 55], 70)
    assert night.planned() == [
        (PRIMARY, 0),
        (SECONDARY, 10),
        (MANAGER, 20),
        (PRIMARY, 35),  # the first pass ended
        (SECONDARY, 45),
        (MANAGER, 55),
    ]
    assert night.paged(6)[:6] == [PRIMARY, SECONDARY, MANAGER] * 2


def test_with_three_passes_it_gives_up_after_105_minutes(product: Product) -> None:
    night = product.fire("10x3", "Nobody answers three times")
    until_it_gives_up(night, [0, 10, 20, 35, 45, 55, 70, 80, 90], 105)
    assert [minute for _, minute in night.planned()] == [0, 10, 20, 35, 45, 55, 70, 80, 90]


@pytest.mark.parametrize("first", [5, 15])
def test_the_first_level_waits_as_long_as_it_says(product: Product, first: int) -> None:
    night = product.fire(f"{first}x2", f"The first level waits {first} minutes")
    night.at(first - 1 / 60)
    assert night.paged(1) == [PRIMARY]
    night.go(first)
    assert night.paged(2) == [PRIMARY, SECONDARY]
    assert night.planned()[1] == (SECONDARY, first)
    night.acknowledge(night.mails()[0])


def test_the_secondary_acknowledges_after_twelve_minutes(product: Product) -> None:
    night = product.fire("10x2", "The secondary takes it")
    night.go(10)
    night.paged(2)
    night.go(12)
    assert "You have it" in night.acknowledge(night.mails()[1]).text
    night.at(21)
    assert night.paged(2) == [PRIMARY, SECONDARY]  # the manager is never paged
    assert night.state() == "acknowledged"
    assert "Bob Example" in httpx.get(page_link(night.mails()[0])).text  # the primary sees who acknowledged


def test_an_acknowledgement_at_9_59_races_the_level_at_10_00(product: Product) -> None:
    nights = [product.fire("10x2", f"A race, number {n}") for n in range(8)]
    for night in nights:
        night.paged(1)
    start = threading.Barrier(len(nights) + 1)

    def acknowledge(night: Night) -> None:
        start.wait(10)
        night.acknowledge(night.mails()[0])

    threads = [threading.Thread(target=acknowledge, args=[night]) for night in nights]
    for thread in threads:
        thread.start()
    # The last began a moment after the first: now one after the other comes to its tenth minute.
    product.clock.go(nights[0].began + timedelta(minutes=10, seconds=-0.05), pace=1)
    start.wait(10)
    for thread in threads:
        thread.join(20)
    nights[-1].at(10.1)
    assert {night.state() for night in nights} == {"acknowledged"}
    sent_after = product.rows(
        "select e.id from oncall_escalation e join oncall_page p on p.escalation_id = e.id and p.level = 1"
        " join outbox_message m on m.client = 'oncall.page' and m.subject_id = p.id"
        " where e.id = any(%s) and (m.state in ('pending', 'sending') or m.taken_at > e.acknowledged_at)",
        [night.escalation for night in nights],
    )
    assert sent_after == []  # nobody is paged once it is acknowledged
    for (
        night
    ) in nights:  # and each has one outcome: acknowledged in time, or the secondary was asked before that
        assert night.planned() in ([(PRIMARY, 0)], [(PRIMARY, 0), (SECONDARY, 10)])


def test_the_pager_is_killed_at_eight_minutes_and_pages_at_ten_once(product: Product) -> None:
    night = product.fire("10x2", "The pager is killed")
    night.paged(1)
    night.go(8)
    assert product.kill("pagerd") == -9
    product.run("pagerd")
    night.go(10)
    assert night.paged(2) == [PRIMARY, SECONDARY]
    night.at(10.5)
    assert night.planned() == [(PRIMARY, 0), (SECONDARY, 10)]
    assert len(night.mails()) == 2
    night.acknowledge(night.mails()[1])
