"""What costs and what annoys is asked for five times an hour, also by those who ask at once or in two ways."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models import F

from core.outbox import sending
from core.outbox.models import Message
from oncall.paging import operations as paging
from oncall.paging.models import ContactMethod, Page
from tests import cast
from tests.waiting import until

if TYPE_CHECKING:
    from core.accounts.models import User
    from tests.twilio import Twilio

NUMBER = "+4915112345678"


def phone(user: User, number: str = NUMBER, *, channel: str = "sms", verified: bool = False) -> ContactMethod:
    return ContactMethod.objects.create(
        user=user, channel=channel, address=number, verified_at="2026-01-01T00:00Z" if verified else None
    )


def is_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shared", ["number", "person"])
def test_two_at_once_do_not_both_get_the_last_code(shared: str) -> None:
    alice, bob = cast.alice(), cast.bob()
    one = phone(alice)
    other = phone(bob) if shared == "number" else phone(alice, "+4915199999999")
    for _ in range(4):
        paging.send_code(one)
    refused: list[Exception] = []

    def ask() -> None:
        try:
            paging.send_code(other)
        except paging.TooManyCodes as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=ask)
    with transaction.atomic():
        paging.send_code(one)
        thread.start()
        until(is_waiting, what="the other one waits for the lock")
    thread.join()
    assert len(refused) == 1
    assert Message.objects.count() == 5


@pytest.mark.django_db
def test_texts_and_calls_to_a_number_count_together(twilio: Twilio) -> None:
    alice, bob = cast.alice(), cast.bob()
    for channel in ("sms", "voice"):
        phone(alice, channel=channel, verified=True)
    own = phone(bob)
    for _ in range(3):
        paging.send_test(alice)
        Page.objects.update(created_at=F("created_at") - timedelta(seconds=20))
    sending.send_due()
    assert Counter(order.resource for order in twilio.orders) == {"Messages": 3, "Calls": 2}
    with pytest.raises(paging.TooManyTests, match="went to this number within the hour"):
        paging.send_test(alice)
    with pytest.raises(paging.TooManyCodes):
        paging.send_code(own)
