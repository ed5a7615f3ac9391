from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from core.channels import secrets
from core.events import nudge
from core.outbox import operations
from core.outbox.models import Message
from core.outbox.operations import NewMessage
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

pytestmark = pytest.mark.django_db


def _seconds(column: str, pk: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select extract(epoch from {column} - created_at) from outbox_message where id = %s", [pk]
        )
        return round(float(cursor.fetchone()[0]), 1)


def test_many_messages_are_promised_with_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with transaction.atomic(), django_assert_num_queries(1):
        ids = operations.put(
            [
                NewMessage(
                    key=f"k{n}", client="test", subject_id=n, lane=3, channel="email", address="a@example.com"
                )
                for n in range(50)
            ]
        )
    assert len(ids) == 50
    assert Message.objects.filter(state="pending", pk__in=ids).count() == 50


def test_the_same_promise_made_twice_is_one_message() -> None:
    first = put(1, 2)
    second = put(2, 3)
    assert len(first) == 2
    assert len(second) == 1
    assert list(Message.objects.order_by("key").values_list("key", flat=True)) == ["m1", "m2", "m3"]


def test_a_promise_outside_a_transaction_is_refused(transactional_db: None) -> None:
    message = NewMessage(key="k", client="test", subject_id=1, lane=0, channel="email", address="a")
    with pytest.raises(RuntimeError, match="transaction"):
        operations.put([message])
    assert not Message.objects.exists()


def test_delay_and_last_moment_count_from_the_database_s_now() -> None:
    (pk,) = put(1, delay_seconds=90.5, not_after_seconds=600)
    assert _seconds("due_at", pk) == 90.5
    assert _seconds("planned_at", pk) == 90.5
    assert _seconds("not_after", pk) == 690.5


def test_without_a_last_moment_a_message_is_good_for_a_day() -> None:
    (pk,) = put(1)
    assert _seconds("not_after", pk) == 86_400


def test_odd_text_is_stored_readable() -> None:
    (pk,) = put(
        1, address="a\x00b", content={"subject": "disk\x00full", "list": ["\ud800", {"\x00": 1}], "n": None}
    )
    message = Message.objects.get(pk=pk)
    assert message.address == "a\ufffdb"
    assert message.content == {"subject": "disk\ufffdfull", "list": ["?", {"\ufffd": 1}], "n": None}


def test_a_secret_is_sealed_at_rest() -> None:
    (pk,) = put(1, secret="whsec")
    stored = Message.objects.get(pk=pk).secret
    assert "whsec" not in stored
    assert secrets.unseal(stored) == "whsec"


@pytest.mark.parametrize(("delay", "rings"), [(0, 1), (30, 0)])
def test_only_what_is_due_now_rings_the_doorbell(
    delay: float,
    rings: int,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        put(1, delay_seconds=delay)
    assert callbacks == [nudge.drain] * rings


def test_a_promise_rolled_back_was_never_made() -> None:
    class Stop(Exception):
        pass

    def promise_and_stop() -> Any:
        with transaction.atomic():
            put(1)
            raise Stop

    with pytest.raises(Stop):
        promise_and_stop()
    assert not Message.objects.exists()


def test_suppressing_takes_back_only_what_is_pending_for_these_subjects_of_this_client() -> None:
    put(1, 2, 3)
    put(1, client="other", key="other")
    Message.objects.filter(key="m2").update(state="accepted")
    with transaction.atomic():
        assert operations.suppress("test", [1, 2], reason="acknowledged by Alice") == 1
    states = dict(Message.objects.values_list("key", "state"))
    assert states == {"m1": "suppressed", "m2": "accepted", "m3": "pending", "other": "pending"}
    message = Message.objects.get(key="m1")
    assert message.error == "acknowledged by Alice"
    assert message.ended_at is not None


def test_hastening_makes_pending_messages_due_now() -> None:
    ids = put(1, 2, delay_seconds=600)
    Message.objects.filter(key="m2").update(state="suppressed")
    with transaction.atomic():
        assert operations.hasten(ids) == 1
    assert _seconds("due_at", ids[0]) <= 0.1
    assert _seconds("due_at", ids[1]) == 600
