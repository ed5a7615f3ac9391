from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.test import Client

from core.accounts.models import User
from core.channels import secrets
from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from tests import cast
from tests.core.channels.conftest import serve as serve  # noqa: PLC0414 - a fixture
from tests.core.channels.services import TOKEN, Ntfy, Service
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from oncall.escalation.models import Escalation

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(serve: Callable[[type[Service]], Service]) -> Ntfy:
    found = serve(Ntfy)
    assert isinstance(found, Ntfy)
    return found


@pytest.fixture
def running(phone: Ntfy) -> Escalation:
    """Alice is being paged by ntfy; Bob is next."""
    found = cast.paged_by("ntfy", f"{phone.url}/oncall-alice", secret=secrets.seal(TOKEN))
    drain()
    sending.send_due()
    return found


def test_the_button_on_the_phone_acknowledges(running: Escalation, phone: Ntfy) -> None:
    button, _ = phone.calls[0].said["actions"]
    answer = Client(enforce_csrf_checks=True).generic(
        button["method"],
        urlsplit(button["url"]).path,
        button["body"],
        content_type=button["headers"]["Content-Type"],
    )
    assert answer.status_code == 303
    running.refresh_from_db()
    assert (running.status, str(running.acknowledged_by)) == ("acknowledged", "Alice Example")


def test_what_became_of_the_page_stands_in_its_place(running: Escalation, phone: Ntfy) -> None:
    assert running.alert is not None
    escalation.acknowledge(actor=User.objects.get(name="Bob Example"), alert=running.alert)
    escalation.edit_due()
    sending.send_due()
    (shown,) = phone.shown.values()
    assert shown["title"].startswith("Acknowledged by Bob Example: ")
    assert shown["priority"] == 2
    assert len(phone.calls) == 2
    assert {message.state for message in Message.objects.all()} == {"accepted"}
