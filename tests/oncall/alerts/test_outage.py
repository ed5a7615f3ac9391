"""The real product through the loss of its Postgres: what it promised meanwhile is kept, once, and nobody waits."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from core.stack import probe
from core.stack.embedded import Postgres
from tests.running import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 2.5
SOURCE = (
    "from core.accounts.models import User; from oncall.alerts import operations as o;"
    " ada = User.objects.create_user('ada@example.com', 'x', name='Ada', role='admin');"
    " print(*(o.create_integration(kind=k, name=k, actor=ada)[1] for k in ('alertmanager', 'generic', 'pagerduty')))"
)


class Product(Stack):
    """Web and one pager on a Postgres of their own, with a source of each kind."""

    def __init__(self, folder: Path) -> None:
        self.own = Postgres(folder / "database", settings={"fsync": "off", "full_page_writes": "off"})
        super().__init__(folder, workers=0, postgres=self.own)
        del self.plan["beat"]
        self.keys: list[str] = []
        self.sent: list[str] = []
        self.client = httpx.Client(base_url=self.url, timeout=10)

    def begin(self) -> Product:
        """Start it and make the sources."""
        self.start(sample_company=False)
        self.keys = self.command("shell", "--no-imports", "-c", SOURCE).split()
        self.until((self.spool / "keys.json").exists, seconds=10, what="the keys on the disk")
        return self

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def waiting(self) -> int:
        """How many files wait in the spool."""
        folder = self.spool / "waiting"
        return len(list(folder.iterdir())) if folder.exists() else 0

    def send(self) -> list[httpx.Response]:
        """One signal to each kind of address, each about something new."""
        name = f"signal-{len(self.sent)}"
        self.sent.append(name)
        alertmanager, generic, pagerduty = self.keys
        labels = {"alertname": name}
        alert = {"status": "firing", "labels": labels, "fingerprint": name}
        payload = {"summary": name, "severity": "error", "source": "x"}
        event = {"routing_key": pagerduty, "event_action": "trigger", "dedup_key": name, "payload": payload}
        return [
            self.client.post(
                f"/integrations/v1/alertmanager/{alertmanager}/", json={"version": "4", "alerts": [alert]}
            ),
            self.client.post(f"/integrations/v1/generic/{generic}/", json={"title": name, "dedup_key": name}),
            self.client.post("/v2/enqueue", json=event),
        ]

    def answers(self) -> list[tuple[int, bytes]]:
        """What the three kinds of senders are answered now, each in time."""
        found = self.send()
        assert max(answer.elapsed.total_seconds() for answer in found) < LONGEST
        return [(answer.status_code, answer.content) for answer in found]

    @property
    def expected(self) -> list[tuple[int, bytes]]:
        """What they are answered on any other day."""
        event = b'{"status":"success","message":"Event processed","dedup_key":"%s"}' % self.sent[-1].encode()
        return [(200, b"Ok."), (200, b"Ok."), (202, event)]

    def takes_directly(self) -> bool:
        """Whether a signal goes to Postgres by now, and not by way of the spool."""
        drained = "select count(*) from oncall_spoolreceipt"
        before = self.rows(drained)
        self.client.post(f"/integrations/v1/generic/{self.keys[1]}/", json={"title": "Is the door open?"})
        return not self.waiting() and self.rows(drained) == before

    def keys_are_fresh(self) -> bool:
        """Whether the keys on the disk are those of the sources again."""
        return b"alertmanager" in (self.spool / "keys.json").read_bytes()

    def settle(self) -> None:
        """Wait until every signal is an alert."""
        self.until(lambda: not self.waiting(), seconds=15, what="an empty spool")
        left = "select count(*) from oncall_signal where state = 'new'"
        self.until(lambda: self.rows(left) == [(0,)], seconds=15, what="every signal processed")

    def counts(self) -> dict[str, list[int]]:
        """How often each signal that was sent is in the database, per source."""
        rows = self.rows("select dedup_key, count from oncall_alert order by integration_id")
        return {name: [count for key, count in rows if key == name] for name in self.sent}

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """A Postgres that takes connections and says nothing."""
        family = [self.own.pid, *_children(self.own.pid)]
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(family):
                os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("outage"))
    try:
        yield made.begin()
    finally:
        made.client.close()
        made.stop()


@pytest.fixture(autouse=True)
def whole(product: Product) -> None:
    """Begin each test with a product that runs, whatever the one before has killed or stopped."""
    if not product.own.running:
        product.own.start()
    for name, process in product.processes.items():
        if process.poll() is not None:
            product.run(name)
    product.until(lambda: probe.answers(product.port, "/health/ready"), seconds=30, what="the web")
    product.until(product.takes_directly, seconds=30, what="a door that is open")


def once(product: Product) -> dict[str, list[int]]:
    return {key: [1, 1, 1] for key in product.sent}


def test_while_postgres_is_stopped_senders_are_answered_as_always_and_every_signal_is_kept_once(
    product: Product,
) -> None:
    assert product.answers() == product.expected
    product.own.stop()
    for _ in range(20):
        assert product.answers() == product.expected
    unknown = product.client.post(f"/integrations/v1/generic/{'0' * 32}/", json={})
    assert (unknown.status_code, unknown.elapsed.total_seconds() < LONGEST) == (403, True)
    assert product.waiting() == 60
    product.own.start()
    assert product.answers() == product.expected
    product.settle()

    assert product.counts() == once(product)
    assert product.rows("select count(*), count(distinct name) from oncall_spoolreceipt")[0] >= (60, 60)
    assert product.rows("select count(*) from oncall_spoolreceipt where outcome <> 'stored'") == [(0,)]


def test_a_postgres_that_hangs_holds_up_no_sender(product: Product) -> None:
    with product.hanging():
        for _ in range(5):
            assert product.answers() == product.expected
        assert product.waiting() > 0
    product.settle()

    assert product.counts() == once(product)


def test_keys_that_are_too_old_refuse_nobody_and_ask_to_come_again(product: Product) -> None:
    """Nobody may be turned away for good because of a list that may lack their key."""
    product.own.stop()
    product.answers()
    (product.spool / "keys.json").write_text('{"written_at": 0, "keys": {}}')

    answers = product.send()
    product.sent.pop()
    product.own.start()

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    assert max(answer.elapsed.total_seconds() for answer in answers) < LONGEST
    product.until(product.keys_are_fresh, seconds=20, what="fresh keys")
    product.settle()
    assert product.counts() == once(product)


def test_a_web_process_killed_while_it_writes_has_promised_nothing(product: Product) -> None:
    product.kill("web")
    product.run("web", env={"WATCHBILL_FAILPOINTS": "before_spool_rename:die"})
    product.until(lambda: probe.answers(product.port, "/health/ready"), seconds=30, what="the web")
    product.own.stop()
    with pytest.raises(httpx.TransportError):
        product.send()
    product.sent.pop()
    assert (product.processes["web"].wait(10), product.waiting()) == (-signal.SIGKILL, 0)

    product.run("web")
    product.until(lambda: probe.answers(product.port, "/health/live"), seconds=30, what="the web")
    assert product.answers() == product.expected
    product.own.start()
    product.settle()
    assert product.counts() == once(product)


def test_a_drain_killed_between_commit_and_removal_takes_nothing_in_twice(product: Product) -> None:
    product.own.stop()
    assert product.answers() == product.expected
    for name in ("web", "pagerd"):
        product.kill(name)
    product.own.start()
    product.run("pagerd", env={"WATCHBILL_FAILPOINTS": "before_spool_removal:die"})
    assert product.processes["pagerd"].wait(20) == -signal.SIGKILL
    assert product.waiting() == 3

    product.run("pagerd")
    product.settle()
    assert product.counts() == once(product)
