"""A connection to Postgres that breaks within a claim or a record undoes it, and nobody acts as if it stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection

from core.channels.registry import Sent, Temporary
from core.outbox import claims, registry, sending
from core.outbox.claims import Room
from core.outbox.models import Message
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db(transaction=True)

ALL = Room(10, 10)


def _hang_up(_what: object) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")
    return {}


def test_a_claim_whose_guard_lost_the_connection_gives_nothing_to_send(client_: Sender) -> None:
    put(1)
    registry.register(registry.Client("test", _hang_up, client_.render, client_.listener))
    with pytest.raises(OperationalError):
        claims.claim(ALL, owner="worker 1")
    message = Message.objects.get()
    assert (message.state, message.attempts, message.lease_token) == ("pending", 0, None)


def test_nothing_goes_out_without_a_claim_that_stands(client_: Sender, recorder: Recorder) -> None:
    put(1)
    registry.register(registry.Client("test", _hang_up, client_.render, client_.listener))
    with pytest.raises(OperationalError):
        sending.send_due()
    registry.register(registry.Client("test", client_.guard, client_.render, client_.listener))
    assert sending.send_due() == 1
    assert recorder.keys == ["m1"]


@pytest.mark.parametrize("state", ["accepted", "retrying"])
def test_a_record_whose_listener_lost_the_connection_is_not_taken_for_made(
    client_: Sender, recorder: Recorder, state: str
) -> None:
    put(1)
    if state == "retrying":  # its end is to come: nothing is written about who was told
        recorder.answer = _too_many
    registry.register(registry.Client("test", client_.guard, client_.render, _listener))
    sender = sending.Sender(owner="worker 1")
    assert sender.begin() == 1
    sender.wait(5)
    with pytest.raises(OperationalError):
        sender.record()
    assert Message.objects.get().state == "sending"
    registry.register(registry.Client("test", client_.guard, client_.render, client_.listener))
    assert sender.record() == 1
    assert client_.told == [(1, state, state == "retrying")]
    assert recorder.keys == ["m1"]


def _listener(outcomes: object) -> None:
    _hang_up(outcomes)


def _too_many(_delivery: object) -> Sent:
    raise Temporary("too many", retry_after=30)


def test_what_postgres_refuses_to_record_holds_up_nothing_else(
    client_: Sender, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    put(1, 2)
    recorder.answer = lambda delivery: Sent("\x00" if delivery.key == "m1" else "fine")
    sender = sending.Sender(owner="worker 1")
    assert sender.begin() == 2
    sender.finish()
    assert sender.is_idle
    assert dict(Message.objects.values_list("key", "state")) == {"m1": "sending", "m2": "accepted"}
    assert "what became of message" in caplog.text
