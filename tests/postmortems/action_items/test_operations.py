from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.outbox.models import Message
from core.timers.models import Timer
from postmortems.action_items import operations
from postmortems.models import ActionItem
from tests import cast

pytestmark = pytest.mark.django_db


def item(**given: Any) -> ActionItem:
    bob = cast.bob()
    fields: dict[str, Any] = {"owner": bob, "due_on": timezone.localdate() + timedelta(days=7), **given}
    return operations.create(actor=bob, title="Alert when pool use passes 80%", **fields)


def test_an_item_goes_from_open_to_verified_and_back() -> None:
    made, carol = item(), cast.carol()
    for state in ("in_progress", "done", "verified", "open"):
        operations.move(made, to=state, actor=carol)
        assert ActionItem.objects.get().status == state
    assert ActionItem.objects.get().done_at is None


@pytest.mark.parametrize(
    ("path", "refused"), [([], "verified"), (["done"], "dropped"), (["dropped"], "done")]
)
def test_not_every_step_is_allowed(path: list[str], refused: str) -> None:
    made, carol = item(), cast.carol()
    for state in path:
        operations.move(made, to=state, actor=carol, reason="not worth it")
    with pytest.raises(operations.NotAllowed):
        operations.move(made, to=refused, actor=carol, reason="x")


def test_dropping_needs_a_reason() -> None:
    made = item()
    with pytest.raises(operations.ReasonMissing):
        operations.move(made, to="dropped", actor=cast.carol(), reason="  ")
    assert ActionItem.objects.get().status == "open"


def test_the_owner_is_reminded_once_after_the_date_and_not_after_a_new_date() -> None:
    made = item(due_on=date(2026, 1, 5))
    timer = Timer.objects.get(kind=operations.OVERDUE, cancelled_at=None)
    assert f"{timer.due_at:%Y-%m-%d %H:%M}" == "2026-01-06 09:00"
    operations.tell_overdue(made.pk, occurrence=timer.occurrence)
    operations.tell_overdue(made.pk, occurrence=timer.occurrence)
    assert Message.objects.filter(client=operations.OVERDUE).count() == 1
    operations.edit(made, changes={"due_on": date(2026, 2, 5)})
    operations.tell_overdue(made.pk, occurrence="2026-01-05")
    assert Message.objects.filter(client=operations.OVERDUE).count() == 1


def test_a_finished_item_is_not_reminded() -> None:
    made = item(due_on=date(2026, 1, 5))
    operations.move(made, to="done", actor=cast.carol())
    operations.tell_overdue(made.pk, occurrence="2026-01-05")
    assert not Message.objects.filter(client=operations.OVERDUE).exists()
    assert not Timer.objects.filter(kind=operations.OVERDUE, cancelled_at=None).exists()
