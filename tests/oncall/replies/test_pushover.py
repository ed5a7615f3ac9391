from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.accounts.models import User
from core.channels import callback
from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from tests import cast
from tests.core.channels.conftest import serve as serve  # noqa: PLC0414 - a fixture
from tests.core.channels.services import Pushover, Service
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from oncall.escalation.models import Escalation

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(serve: Callable[[type[Service]], Service]) -> Pushover:
    found = serve(Pushover)
    assert isinstance(found, Pushover)
    return found


@pytest.fixture
def running(phone: Pushover) -> Escalation:
    """Alice is being paged by Pushover; Bob is next."""
    found = cast.paged_by("pushover", Pushover.KEY)
    drain()
    sending.send_due()
    return found


def call_back(named: str | None = None, **fields: str) -> int:
    """Say what Pushover says; the answer's status."""
    message = Message.objects.get()
    path = f"/callbacks/pushover/{named or callback.name(message.key)}/"
    said = {"receipt": message.provider_id, "acknowledged": "1"} | fields
    return Client(enforce_csrf_checks=True).post(path, said).status_code


def test_the_phone_acknowledges_the_page(running: Escalation) -> None:
    assert call_back() == 204
    running.refresh_from_db()
    assert (running.status, str(running.acknowledged_by)) == ("acknowledged", "Alice Example")
    assert asked(running) == [("Alice", 0, 0, "acknowledged")]
    assert Message.objects.get().state == "delivered"


def test_what_is_said_again_does_nothing_again(running: Escalation) -> None:
    assert call_back() == 204
    escalation.unacknowledge(actor=running.acknowledged_by, alert=running.alert)
    assert call_back() == 204
    running.refresh_from_db()
    assert running.status == "escalating"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"receipt": ""}, 403),
        ({"receipt": "x" * 30}, 403),
        ({"acknowledged": "0"}, 204),
        ({"acknowledged": ""}, 204),
    ],
)
def test_whoever_does_not_know_the_receipt_changes_nothing(
    running: Escalation, fields: dict[str, str], status: int
) -> None:
    assert call_back(**fields) == status
    running.refresh_from_db()
    assert running.status == "escalating"
    assert Message.objects.get().state == "accepted"


def test_the_name_of_a_message_cannot_be_guessed(running: Escalation) -> None:
    named = callback.name(Message.objects.get().key)
    assert call_back(named[:-1] + ("a" if named[-1] != "a" else "b")) == 404
    running.refresh_from_db()
    assert running.status == "escalating"


def test_the_receipt_of_one_page_is_none_for_another(running: Escalation) -> None:
    message = Message.objects.get()
    other = Message.objects.create(
        key="another",
        client=message.client,
        subject_id=message.subject_id + 1,
        lane=0,
        channel="pushover",
        not_after="2100-01-01T00:00Z",
    )
    path = f"/callbacks/pushover/{callback.name(other.key)}/"
    for receipt in (message.provider_id, ""):
        assert Client().post(path, {"receipt": receipt, "acknowledged": "1"}).status_code == 403


def test_it_is_repeated_no_more_once_somebody_else_has_it(running: Escalation, phone: Pushover) -> None:
    receipt = Message.objects.get().provider_id
    assert running.alert is not None
    escalation.acknowledge(actor=User.objects.get(name="Bob Example"), alert=running.alert)
    escalation.edit_due()
    sending.send_due()
    assert phone.cancelled == [receipt]
