from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Now

from core.outbox import spending
from core.outbox.models import Message
from core.outbox.spending import Spent
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _prices(settings: Settings) -> None:
    settings.SMS_PRICE, settings.VOICE_PRICE, settings.SPEND_LIMIT = (
        Decimal("0.10"),
        Decimal("0.30"),
        Decimal(1),
    )


def message(n: int, channel: str = "sms", *, hours: int = 1, **facts: object) -> Message:
    """A message that was taken so many hours ago and accepted, unless the facts say otherwise."""
    put(n, channel=channel, address="+4915112345678")
    taken = {"state": "accepted", "taken_at": Now() - Value(timedelta(hours=hours))}
    Message.objects.filter(subject_id=n).update(**taken | facts)
    return Message.objects.get(subject_id=n)


def test_what_may_have_arrived_is_paid_for() -> None:
    message(1)
    message(2, state="delivered", unknown_outcomes=1)
    message(3, state="unknown", unknown_outcomes=3)
    message(4, state="failed", provider_id="SM1")
    message(5, "voice", state="no_receipt")
    for n, state in enumerate(("failed", "suppressed", "expired", "bundled", "pending"), start=6):
        message(n, state=state)
    message(11, hours=25)
    message(12, "email")
    assert spending.spent() == Spent(texts=7, calls=1)
    assert spending.spent().cost == Decimal("1.00")
    assert spending.is_over()


def test_without_a_limit_nothing_is_too_much(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    messages = [message(n) for n in range(20)]
    settings.SPEND_LIMIT = Decimal()
    with django_assert_num_queries(0):
        assert spending.too_much(messages, urgent=()) == set()
    assert not spending.is_over()


def test_what_is_urgent_is_never_too_much_but_takes_room(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(7):
        message(n)
    urgent, first, second, call = message(7), message(8), message(9), message(10, "voice")
    with django_assert_num_queries(1):
        found = spending.too_much([call, first, second, urgent], urgent={urgent.pk})
    assert found == {call.pk}
    for n in range(11, 20):
        message(n)
    assert spending.too_much([urgent, first], urgent={urgent.pk}) == {first.pk}
    with django_assert_num_queries(0):
        assert spending.too_much([urgent, message_by("email")], urgent={urgent.pk}) == set()


def message_by(channel: str) -> Message:
    return Message(pk=-1, channel=channel)


def test_the_texts_of_a_day_are_counted_from_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain {spending._SPENT}", [[0]])
        assert "message_paid" in str(cursor.fetchall())
