"""Those who carry the pages fail: another way is used, or somebody else is asked, soon and not twice."""

from __future__ import annotations

import http.client
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.chaos import evidence
from tests.chaos.harness import RECEIPT_SECONDS, WORKERS, Product, assert_survived
from tests.chaos.ledger import ALERTS
from tests.chaos.oracle import Wanted
from tests.scripted import Scripted
from tests.twilio import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.twilio import Order

pytestmark = [pytest.mark.chaos, pytest.mark.full, pytest.mark.timeout(240)]

FEW = max(20, ALERTS // 6)
SPARE = (Wanted(("spare",)),)
SMTP: dict[str, tuple[str, dict[str, str | None], str]] = {
    "greets late": ("smtp", {"connect": None}, "connect"),
    "takes it and hangs": ("smtp", {"dot": None}, "dot"),
    "451": ("smtp", {"dot": "451 Try again later"}, "dot"),
    "550": ("smtp", {"rcpt": "550 No such mailbox"}, "rcpt"),
    "no TLS": (
        "smtp+starttls",
        {"ehlo": "250-scripted\r\n250 STARTTLS", "starttls": "220 go on\r\nthis is no TLS"},
        "starttls",
    ),
    "reset in the mail": ("smtp", {"body": ""}, "body"),
}


@pytest.fixture(autouse=True)
def well(product: Product) -> Iterator[None]:
    """Let everybody take pages again."""
    yield
    for name in ("usual", "spare"):
        product.sink.behave(name, 200)
    product.stack.smtp.behave("accept")


@pytest.mark.parametrize("how", SMTP)
def test_f20_the_mail_server_fails(product: Product, how: str) -> None:
    scheme, script, word = SMTP[how]
    server = Scripted(script)
    where = {"EMAIL_URL": f"{scheme}://127.0.0.1:{server.port}"}
    key = product.company("mailed")["key"]
    try:
        product.begin(env=dict.fromkeys(WORKERS, where))
        load = product.load(key, alerts=FEW, per_second=5)
        product.hostile_mails = server.mails
        verdict = product.survive("F-20", load=load, wanted=SPARE, settles=False, patience=25)
    finally:
        product.hostile_mails = []
        server.stop()
    if word == "connect":
        assert server.connections >= 1
    else:
        assert server.said.count(word) >= 1
    # A mail that was taken and never answered for is sent again, each time for one that hung.
    assert verdict.duplicates <= (server.said.count("dot") if how == "takes it and hangs" else 0), verdict
    assert_survived(verdict, p99=20)


def test_f22_the_receiver_says_too_many(product: Product) -> None:
    key = product.company("two_ways")["key"]
    product.sink.behave("usual", 429)
    product.begin()
    before = product.sink.refused("usual")
    verdict = product.survive("F-22", load=product.load(key), wanted=SPARE, settles=False, patience=30)
    assert product.sink.refused("usual") - before >= ALERTS
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=10)


@pytest.mark.parametrize("status", [410, 500])
def test_f23_every_channel_of_the_person_is_dead(product: Product, status: int) -> None:
    key = product.company("succession")["key"]
    for name in ("usual", "spare"):
        product.sink.behave(name, status)
    product.stack.smtp.behave("550")  # the address that they sign in with is tried at last
    product.begin()
    before = [product.sink.refused(name) for name in ("usual", "spare")]
    wanted = (Wanted(("next",)),)
    load = product.load(key, per_second=20)
    verdict = product.survive("F-23", load=load, wanted=wanted, settles=False, patience=40)
    assert product.stack.smtp.tries >= ALERTS
    after = [product.sink.refused(name) for name in ("usual", "spare")]
    assert all(late - early >= ALERTS for early, late in zip(before, after, strict=True))
    assert verdict.duplicates <= verdict.too_slow, verdict
    assert_survived(verdict, p99=20)


KINDS = ("missing", "failed", "late", "failed twice", "forged")
"""What becomes of the receipt of a text, in turn. A forged one says that it failed; the true one comes after it."""


class Reporter:
    """What the provider of texts reports of each, and how it is answered."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.kinds: dict[str, str] = {}
        self.answers: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self._seen = len(product.twilio.orders)
        self._later: list[threading.Timer] = []

    def report(self) -> bool:
        """Report on what was sent since it was asked last."""
        orders = self.product.twilio.orders
        for order in orders[self._seen :]:
            self._report(order)
        self._seen = len(orders)
        return len(self.kinds) >= FEW and not any(timer.is_alive() for timer in self._later)

    def _report(self, order: Order) -> None:
        kind = self.kinds.setdefault(order.callback, KINDS[len(self.kinds) % len(KINDS)])
        if kind == "forged":
            self._say(order, "failed", kind, token="somebody else's")
            self._say(order, "delivered", kind)
        elif kind == "late":
            late = threading.Timer(RECEIPT_SECONDS + 3, self._say, [order, "delivered", kind])
            late.start()
            self._later.append(late)
        for _ in range({"failed": 1, "failed twice": 2}.get(kind, 0)):
            self._say(order, "failed", kind)

    def _say(self, order: Order, status: str, kind: str, token: str | None = None) -> None:
        fields = {"MessageSid": order.sid, "MessageStatus": status}
        given = {"token": token} if token else {}
        signed = signature(self.product.stack.url + order.callback, fields, **given)
        connection = http.client.HTTPConnection("127.0.0.1", self.product.stack.port, timeout=10)
        headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", order.callback, urlencode(fields), headers)
        self.answers[kind].add(connection.getresponse().status)
        connection.close()


def test_f24_receipts_are_missing_or_late_or_come_twice_or_are_forged(product: Product) -> None:
    key = product.company("texted")["key"]
    product.begin()
    reporter = Reporter(product)
    wanted = (Wanted(("text", "spare")),)
    load = product.load(key, alerts=FEW, per_second=10)
    verdict = product.survive("F-24", fault=reporter.report, load=load, wanted=wanted, patience=30)
    spare = [one.title for one in product.sink.receipts() if one.to == "spare"]
    texts = {one.key: one.title for one in product.texts()}
    fallbacks: dict[str, set[int]] = {kind: set() for kind in KINDS}
    for callback, kind in reporter.kinds.items():
        fallbacks[kind].add(spare.count(texts[evidence.key_of(callback)]))
    assert fallbacks == {
        "missing": {1},
        "failed": {1},
        "late": {1},
        "failed twice": {1},
        "forged": {0},
    }
    assert reporter.answers["forged"] == {403, 204}
    assert verdict.is_clean, verdict
    assert verdict.duplicates <= verdict.too_slow, verdict
