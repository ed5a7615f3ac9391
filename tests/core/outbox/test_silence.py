"""No message ends in silence: whatever happens to it, it is due, being tried, or ended with its client told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.channels.registry import Permanent, Sent, Temporary, Unknown
from core.outbox import claims, operations, sending, telling
from core.outbox.claims import Room
from core.outbox.models import Attempt, Message
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db

TRIES = ["accepted", "temporary", "retry later", "permanent", "unknown", "fault"]
EVENTS = [*TRIES, "worker dies", "worker stalls", "acknowledged", "time is over", "listener fails"]
ENDS = {"accepted", "failed", "unknown", "expired", "suppressed"}
FALLBACK_ENDS = {"failed", "unknown"}


def _answer(what: str) -> Sent:
    match what:
        case "temporary":
            raise Temporary("HTTP 503")
        case "retry later":
            raise Temporary("HTTP 429", retry_after=600)
        case "permanent":
            raise Permanent("HTTP 410")
        case "unknown":
            raise Unknown("no answer")
        case "fault":
            raise ValueError
    return Sent("id")


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _happen(what: str, recorder: Recorder, client: Sender) -> None:
    _sql("update outbox_message set due_at = now() where state = 'pending'")
    match what:
        case "worker dies" | "worker stalls":
            claimed = claims.claim(Room(10, 10), owner="dead")
            _sql("update outbox_message set lease_until = now() where state = 'sending'")
            if what == "worker stalls":
                recorder.answer = lambda _: Sent()
                sending.send_due()
                late = [sending._try(message, sending.content_of(message)) for message in claimed]
                if late:
                    claims.complete(late, owner="stalled")
        case "acknowledged":
            with transaction.atomic():
                operations.suppress("test", [1], reason="acknowledged")
            client.unwanted = {1: "acknowledged"}
        case "time is over":
            _sql("update outbox_message set not_after = now()")
            sending.send_due()
        case "listener fails":
            client.listen = _deaf
            recorder.answer = lambda _: Sent()
            sending.send_due()
            client.listen = lambda _: None
        case _:
            recorder.answer = lambda _: _answer(what)
            sending.send_due()


def _deaf(_outcomes: object) -> None:
    raise RuntimeError


@given(happenings=st.lists(st.sampled_from(EVENTS), max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_a_message_is_due_or_has_ended_and_was_told(
    recorder: Recorder, client_: Sender, happenings: list[str]
) -> None:
    with transaction.atomic():
        client_.unwanted, client_.outcomes, client_.listen = {}, [], lambda _: None
        recorder.deliveries.clear()
        put(1)
        for what in happenings:
            _happen(what, recorder, client_)
        _sql("update outbox_message set untold_at = untold_at - interval '1 minute'")
        telling.tell_again()
        _check(recorder, client_)
        transaction.set_rollback(True)


def _check(recorder: Recorder, client: Sender) -> None:
    message = Message.objects.get()
    told = [outcome for outcome in client.outcomes if outcome.state == message.state]
    if message.state in ENDS:
        assert message.ended_at is not None
        assert told or message.error == "acknowledged"
        assert not told or told[-1].fallback_wanted is (message.state in FALLBACK_ENDS)
    else:
        assert message.state in {"pending", "sending"}
        assert message.ended_at is None
        failed = Attempt.objects.filter(late=False).exclude(outcome="accepted").count()
        assert failed < 2 or any(outcome.fallback_wanted for outcome in client.outcomes)
    assert (message.state == "sending") is (message.lease_token is not None)
    unknown = Attempt.objects.filter(outcome="unknown").count()
    assert unknown <= 3
    assert len(recorder.deliveries) <= Attempt.objects.count()
