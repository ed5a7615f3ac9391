from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.outbox import receipts, sending
from core.outbox.models import Message
from core.outbox.receipts import Reported
from core.watch import carriers, registry
from core.watch.carriers import Way
from core.watch.rules import Grade
from tests.core.outbox.conftest import Sender, put
from tests.core.outbox.conftest import client_ as client_  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

    from tests.core.channels.servers.gateway import Gateway
    from tests.twilio import Twilio

BOTH = Way("sms", ("Twilio", "the gateway"))
CALLS = Way("voice", ("the gateway",))


@pytest.mark.parametrize(
    ("ways", "reports", "grade", "said"),
    [
        ((BOTH, CALLS), {}, Grade.GOOD, "Texts go by Twilio, then by the gateway; calls go by the gateway."),
        ((CALLS,), {"voice": Reported(1, 7)}, Grade.GOOD, "Calls go by the gateway."),
        (
            (BOTH, CALLS),
            {"sms": Reported(0, 3), "voice": Reported(0, 1)},
            Grade.WARN,
            "In the last 24 h nothing was heard of 3 texts and 1 call, nor of any other.",
        ),
        (
            (BOTH, Way("voice", ("the gateway",), "VOICE_GATEWAY_SECRET")),
            {},
            Grade.WARN,
            "What a gateway tells is not believed without VOICE_GATEWAY_SECRET.",
        ),
    ],
)
def test_what_is_said_of_them(
    ways: tuple[Way, ...], reports: dict[str, Reported], grade: Grade, said: str
) -> None:
    reading = carriers.judge(ways, reports)
    assert reading.grade is grade
    assert reading.text.endswith(said)
    assert bool(reading.advice) is (grade is Grade.WARN)


def test_the_settings_say_who_and_what_is_lacking(
    twilio: Twilio, carrier: Gateway, settings: Settings
) -> None:
    settings.SMS_PROVIDERS, settings.TWILIO_VOICE_FROM = ["gateway", "twilio"], ""
    assert carriers.ways() == [Way("sms", ("the gateway", "Twilio")), CALLS]
    settings.SMS_GATEWAY_SECRET = settings.VOICE_GATEWAY_SECRET = ""
    assert [way.lacks for way in carriers.ways()] == ["SMS_GATEWAY_SECRET", "VOICE_GATEWAY_SECRET"]
    settings.SMS_GATEWAY_BODY, settings.SMS_GATEWAY_REPLIES = "{text}", False
    assert [way.lacks for way in carriers.ways()] == ["", "VOICE_GATEWAY_SECRET"]
    settings.TWILIO_ACCOUNT_SID = settings.SMS_GATEWAY_URL = settings.VOICE_GATEWAY_URL = ""
    assert carriers.ways() == []


@pytest.mark.django_db
def test_what_was_never_reported_on_is_counted_with_one_query(
    carrier: Gateway,
    client_: Sender,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_checks", {})
    carriers.register()
    (check,) = registry.checks()
    for n in (1, 2):
        put(n, channel="sms", address="+4915112345678")
    sending.send_due()
    Message.objects.update(receipt_due_at="2026-01-01T00:00Z")
    assert receipts.miss_due() == 2
    with django_assert_num_queries(1):
        assert check.look().grade is Grade.WARN

    first = Message.objects.earliest("id")
    receipts.record(first.key, channel="sms", delivered=True, detail="late")
    assert receipts.reported() == {"sms": Reported(1, 1)}
    assert check.look().grade is Grade.GOOD
