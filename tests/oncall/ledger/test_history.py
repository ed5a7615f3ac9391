from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from core.outbox import history, operations
from core.outbox.models import Attempt, Message, State
from core.outbox.operations import NewMessage
from oncall.paging import queries


@pytest.mark.django_db
def test_the_ledger_shows_what_has_moved_to_the_history_as_before() -> None:
    promise = NewMessage(
        key="page-1-0", client=queries.CLIENT, subject_id=1, lane=0, channel="null", address="alice"
    )
    with transaction.atomic():
        operations.put([promise])
    Message.objects.update(state=State.ACCEPTED, ended_at=Now() - timedelta(days=8))
    Attempt.objects.create(message=Message.objects.get(), n=1, worker="a", outcome="accepted")
    before = queries.deliveries([1])
    assert [len(delivery.attempts) for delivery in before[1]] == [1]
    assert history.move_some() == 1
    assert queries.deliveries([1]) == before
