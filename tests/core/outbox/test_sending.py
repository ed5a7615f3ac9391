from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core import failpoints
from core.channels import secrets
from core.channels.registry import Content, Permanent, Sent, Temporary, Unknown
from core.outbox import sending
from core.outbox.models import Attempt, Message
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

    from core.channels.registry import Delivery
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db


def _raise(error: Exception) -> Callable[[Delivery], Sent]:
    def answer(_delivery: Delivery) -> Sent:
        raise error

    return answer


def _make_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("update outbox_message set due_at = now() where state = 'pending'")


def _wait_of(key: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("select extract(epoch from due_at - now()) from outbox_message where key = %s", [key])
        return float(cursor.fetchone()[0])


def test_a_due_message_is_rendered_sent_and_recorded(recorder: Recorder, client_: Sender) -> None:
    put(7)
    assert sending.send_due() == 1
    (delivery,) = recorder.deliveries
    assert (delivery.key, delivery.address, delivery.resent) == ("m7", "somewhere", False)
    assert delivery.content == Content("about 7", "words")
    message = Message.objects.get()
    assert (message.state, message.provider_id, message.error) == ("accepted", "taken", "")
    assert message.lease_token is None
    assert message.ended_at is not None
    attempt = Attempt.objects.get()
    assert (attempt.n, attempt.outcome, attempt.late) == (1, "accepted", False)
    assert client_.told == [(7, "accepted", False)]


def test_many_are_sent_in_one_go(recorder: Recorder, client_: Sender) -> None:
    put(*range(1, 101))
    assert sending.send_due() == 100
    assert sorted(recorder.keys) == sorted(f"m{n}" for n in range(1, 101))
    assert Message.objects.filter(state="accepted").count() == 100


def test_a_passing_failure_is_tried_again_later(recorder: Recorder, client_: Sender) -> None:
    recorder.answer = _raise(Temporary("HTTP 503"))
    put(1)
    assert sending.send_due() == 1
    message = Message.objects.get()
    assert (message.state, message.error, message.attempts) == ("pending", "HTTP 503", 1)
    assert 0.7 < _wait_of("m1") <= 1.2
    assert client_.told == []
    assert Attempt.objects.get().outcome == "temporary"


def test_the_second_failure_asks_for_the_next_channel_and_goes_on_trying(
    recorder: Recorder, client_: Sender
) -> None:
    recorder.answer = _raise(Temporary("HTTP 503"))
    put(1)
    sending.send_due()
    _make_due()
    sending.send_due()
    assert client_.told == [(1, "retrying", True)]
    assert 2.3 < _wait_of("m1") <= 3.6
    recorder.answer = lambda _: Sent()
    _make_due()
    sending.send_due()
    assert client_.told == [(1, "retrying", True), (1, "accepted", False)]
    assert [one.outcome for one in Attempt.objects.all()] == ["temporary", "temporary", "accepted"]
    assert Message.objects.get().error == ""


def test_a_long_wait_asked_for_by_the_other_side_is_obeyed_and_the_next_channel_asked_at_once(
    recorder: Recorder, client_: Sender
) -> None:
    recorder.answer = _raise(Temporary("HTTP 429", retry_after=30))
    put(1)
    sending.send_due()
    assert 29 < _wait_of("m1") <= 30
    assert client_.told == [(1, "retrying", True)]


def test_a_refusal_ends_the_message_and_asks_for_the_next_channel(
    recorder: Recorder, client_: Sender
) -> None:
    recorder.answer = _raise(Permanent("550 No such mailbox"))
    put(1)
    sending.send_due()
    message = Message.objects.get()
    assert (message.state, message.error) == ("failed", "550 No such mailbox")
    assert message.ended_at is not None
    assert client_.told == [(1, "failed", True)]
    assert Attempt.objects.get().outcome == "permanent"


def test_an_unknown_outcome_is_sent_again_marked_as_such_at_most_twice(
    recorder: Recorder, client_: Sender
) -> None:
    recorder.answer = _raise(Unknown("took the mail and did not answer"))
    put(1)
    for _ in range(5):
        sending.send_due()
        _make_due()
    assert [delivery.resent for delivery in recorder.deliveries] == [False, True, True]
    message = Message.objects.get()
    assert (message.state, message.unknown_outcomes) == ("unknown", 3)
    assert client_.told == [(1, "retrying", True), (1, "unknown", True)]


def test_a_client_that_cannot_render_sends_the_stored_words(recorder: Recorder, client_: Sender) -> None:
    def poison(message: Message) -> Content:
        if message.subject_id == 2:
            raise ValueError
        return Content("rendered", "rendered")

    client_.say = poison
    put(1, 2, 3)
    sending.send_due()
    subjects = {delivery.key: delivery.content.subject for delivery in recorder.deliveries}
    assert subjects == {"m1": "rendered", "m2": "stored subject", "m3": "rendered"}
    assert set(Message.objects.values_list("state", flat=True)) == {"accepted"}


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ({"subject": "s"}, Content("s", "s")),
        ({"text": "t", "url": "https://x.example"}, Content("Watchbill", "t", url="https://x.example")),
        ({}, Content("Watchbill", "Open Watchbill.")),
        ({"subject": None, "text": 5}, Content("Watchbill", "5")),
    ],
)
def test_even_without_a_client_something_readable_goes_out(
    recorder: Recorder, stored: dict[str, object], sent: Content
) -> None:
    put(1, client="gone", content=stored)
    sending.send_due()
    assert recorder.deliveries[0].content == sent


def test_a_channel_that_does_not_exist_is_a_refusal(client_: Sender) -> None:
    put(1, channel="pigeon")
    sending.send_due()
    assert Message.objects.get().error == "there is no channel pigeon"
    assert client_.told == [(1, "failed", True)]


def test_a_channel_with_a_fault_is_tried_again_and_its_words_stay_out_of_the_record(
    recorder: Recorder, client_: Sender
) -> None:
    recorder.answer = _raise(ValueError("https://hooks.example/secret"))
    put(1)
    sending.send_due()
    message = Message.objects.get()
    assert (message.state, message.error) == ("pending", "ValueError in the channel")


def test_the_secret_reaches_the_channel_in_the_clear(recorder: Recorder, client_: Sender) -> None:
    put(1, secret="whsec")
    sending.send_due()
    assert recorder.deliveries[0].secret == "whsec"


def test_a_secret_no_key_opens_is_a_refusal_with_a_reason(
    recorder: Recorder, client_: Sender, settings: Settings
) -> None:
    put(1, secret="whsec")
    settings.SECRET_KEY = "another key, and the old one is not among the fallbacks"
    sending.send_due()
    assert recorder.deliveries == []
    assert Message.objects.get().state == "failed"
    assert "SECRET_KEY" in Message.objects.get().error
    assert secrets.MARK in Message.objects.get().secret


def test_a_try_is_over_long_before_its_lease(recorder: Recorder, client_: Sender, settings: Settings) -> None:
    settings.PAGER_LEASE_SECONDS = 3
    put(1)
    sending.send_due()
    settings.PAGER_LEASE_SECONDS = 60
    put(2)
    sending.send_due()
    assert [delivery.timeout for delivery in recorder.deliveries] == [1.0, 5.0]


def test_what_could_not_begin_within_the_lease_is_given_back(
    recorder: Recorder, client_: Sender, settings: Settings
) -> None:
    settings.PAGER_LEASE_SECONDS = 0
    put(1)
    sender = sending.Sender(owner="w")
    assert sender.begin() == 1
    assert sender.is_idle
    message = Message.objects.get()
    assert (message.state, message.attempts, message.unknown_outcomes) == ("pending", 0, 0)
    assert recorder.deliveries == []


class TestRoom:
    """What hangs takes no more than its part."""

    @pytest.fixture
    def gate(self, recorder: Recorder) -> threading.Event:
        opened = threading.Event()

        def wait(_delivery: Delivery) -> Sent:
            opened.wait(10)
            return Sent()

        recorder.answer = wait
        return opened

    def test_a_channel_that_hangs_leaves_room_for_the_others(
        self, recorder: Recorder, client_: Sender, gate: threading.Event
    ) -> None:
        put(*range(1, 101))
        sender = sending.Sender(owner="w")
        while sender.begin():
            pass
        put(200, channel="pigeon")
        assert sender.begin() == 1
        gate.set()
        sender.finish()
        assert len(recorder.deliveries) == 10
        assert Message.objects.get(key="m200").state == "failed"

    def test_bulk_that_hangs_leaves_a_quarter_for_pages(
        self, recorder: Recorder, client_: Sender, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "PER_CHANNEL", 1000)
        put(*range(1, 101), lane=3)
        sender = sending.Sender(owner="w")
        begun = 0
        while count := sender.begin():
            begun += count
        assert begun == 15
        put(*range(200, 210), lane=0)
        assert sender.begin() == 5
        gate.set()
        sender.finish()
        assert Message.objects.filter(lane=0, state="accepted").count() == 5

    def test_more_is_claimed_as_soon_as_there_is_room(
        self, recorder: Recorder, client_: Sender, gate: threading.Event
    ) -> None:
        put(*range(1, 41))
        sender = sending.Sender(owner="w")
        while sender.begin():
            pass
        gate.set()
        while not sender.is_idle:
            sender.wait(1)
            sender.record()
            sender.begin()
        assert Message.objects.filter(state="accepted").count() == 40


def test_marking_before_sending_is_for_the_fault_tests_alone(
    recorder: Recorder, client_: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    monkeypatch.setattr(failpoints, "_armed", lambda: {"mark_before_send": "on"})
    recorder.answer = _raise(Permanent("no"))

    def look(_message: Message) -> Content:
        states.append(Message.objects.get().state)
        return Content("", "")

    client_.say = look
    put(1)
    sending.send_due()
    assert states == ["accepted"]
    assert Message.objects.get().state == "accepted"
