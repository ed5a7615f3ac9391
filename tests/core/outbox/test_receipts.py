from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db.models import F

from core.channels.registry import Delivery, Sent, Unknown
from core.outbox import draining, receipts, rules, sending, telling
from core.outbox.models import Attempt, Message
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db


def with_receipt(_: Delivery) -> Sent:
    return Sent("SM1", receipt_seconds=60)


def sent(recorder: Recorder) -> Message:
    """A message that its provider took and promised a receipt for."""
    recorder.answer = with_receipt
    put(1)
    sending.send_due()
    return Message.objects.get()


def overdue() -> None:
    """Let a minute pass."""
    Message.objects.update(receipt_due_at=F("receipt_due_at") - timedelta(seconds=61))


def said(*, delivered: bool, key: str = "m1", channel: str = "recorder") -> bool:
    return receipts.record(key, channel=channel, delivered=delivered, detail="said so")


def test_it_arrived(recorder: Recorder, client_: Sender) -> None:
    message = sent(recorder)
    assert (message.state, message.receipt_due_at is None) == ("accepted", False)
    assert said(delivered=True)
    message.refresh_from_db()
    assert (message.state, message.receipt_due_at, message.untold_at) == ("delivered", None, None)
    assert client_.told == [(1, "accepted", False), (1, "delivered", False)]
    assert list(Attempt.objects.order_by("id").values_list("n", "outcome", "detail")) == [
        (1, "accepted", ""),
        (1, "delivered", "said so"),
    ]


def test_it_did_not_arrive_and_another_way_is_asked_for(recorder: Recorder, client_: Sender) -> None:
    message = sent(recorder)
    assert said(delivered=False)
    message.refresh_from_db()
    assert (message.state, message.error) == ("failed", "said so")
    assert client_.told[-1] == (1, "failed", True)


def test_a_repeated_or_late_word_changes_nothing(recorder: Recorder, client_: Sender) -> None:
    sent(recorder)
    assert [said(delivered=word) for word in (True, True, False)] == [True, False, False]
    assert len(client_.told) == 2
    assert Attempt.objects.count() == 2


def test_a_word_about_no_message_or_another_channel_changes_nothing(
    recorder: Recorder, client_: Sender
) -> None:
    sent(recorder)
    assert not said(delivered=True, key="m2")
    assert not said(delivered=True, channel="voice")
    assert Message.objects.get().state == "accepted"


def test_no_word_in_time_asks_for_another_way_once(recorder: Recorder, client_: Sender) -> None:
    sent(recorder)
    assert receipts.miss_due() == 0
    overdue()
    assert [receipts.miss_due(), receipts.miss_due()] == [1, 0]
    message = Message.objects.get()
    assert (message.state, message.error) == ("no_receipt", receipts.MISSING)
    assert client_.told == [(1, "accepted", False), (1, "no_receipt", True)]


def test_the_drain_waits_for_receipts_by_itself(recorder: Recorder, client_: Sender) -> None:
    sent(recorder)
    assert 55 < (draining.seconds_until_due() or 0) <= 60
    overdue()
    draining.drain()
    assert client_.told[-1] == (1, "no_receipt", True)


def test_a_word_that_comes_after_all_counts(recorder: Recorder, client_: Sender) -> None:
    sent(recorder)
    overdue()
    receipts.miss_due()
    assert not said(delivered=False)
    assert said(delivered=True)
    assert client_.told[-1] == (1, "delivered", False)


def test_a_listener_that_fails_is_told_of_a_receipt_again(recorder: Recorder, client_: Sender) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError

    sent(recorder)
    overdue()
    client_.listen = refuse
    receipts.miss_due()
    assert Message.objects.get().untold_at is not None
    client_.listen = lambda _: None
    Message.objects.update(untold_at=F("untold_at") - timedelta(seconds=11))
    assert telling.tell_again() == 1
    assert client_.told[-1] == (1, "no_receipt", True)


def test_a_try_without_an_answer_is_not_repeated_once_it_is_known_to_have_arrived(
    recorder: Recorder, client_: Sender
) -> None:
    def silent(_: Delivery) -> Sent:
        raise Unknown("no answer within 5 s")

    recorder.answer = silent
    put(1)
    sending.send_due()
    assert Message.objects.get().state == "pending"
    assert said(delivered=True)
    Message.objects.update(due_at=F("due_at") - timedelta(minutes=5))
    sending.send_due()
    assert len(recorder.deliveries) == 1


@pytest.mark.parametrize(
    ("state", "attempts", "arrived", "failed"),
    [
        ("pending", 0, False, False),
        ("pending", 1, True, False),
        ("sending", 1, True, True),
        ("accepted", 1, True, True),
        ("no_receipt", 1, True, False),
        ("unknown", 3, True, False),
        ("expired", 2, True, False),
        ("delivered", 1, False, False),
        ("failed", 1, False, False),
        ("suppressed", 1, False, False),
        ("bundled", 0, False, False),
    ],
)
def test_what_a_receipt_changes(state: str, attempts: int, arrived: bool, failed: bool) -> None:  # noqa: FBT001
    assert rules.takes_receipt(state, delivered=True, attempts=attempts) is arrived
    assert rules.takes_receipt(state, delivered=False, attempts=attempts) is failed
