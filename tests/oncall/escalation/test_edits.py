"""Messages in chats that say what became of their pages, where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from core.outbox import sending
from core.outbox.models import Message
from oncall.escalation import operations
from oncall.escalation.queries import EDIT
from oncall.paging import operations as paging
from oncall.paging.models import ContactMethod, Page
from tests import cast
from tests.chats import KIND, Room
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from core.accounts.models import User
    from core.channels.registry import Delivery
    from oncall.alerts.models import Alert
    from oncall.escalation.models import Escalation

pytestmark = pytest.mark.django_db
TITLE = "Checkout API error rate above 5%"


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


def _reached(user: User, address: str = "") -> User:
    """A person who is reached in the room alone."""
    ContactMethod.objects.create(
        user=user, channel=KIND, address=address or user.email, verified_at=timezone.now()
    )
    return user


@pytest.fixture
def alice(room: Room) -> User:
    return _reached(cast.alice())


@pytest.fixture
def bob(room: Room) -> User:
    return _reached(cast.bob())


@pytest.fixture
def alert() -> Alert:
    return cast.alert()


@pytest.fixture
def running(alice: User, bob: User, alert: Alert) -> Escalation:
    """Alice was paged in the room; Bob is next, then both again."""
    found = cast.escalation(alert, cast.policy((600, [alice]), (600, [bob]), repeat=2))
    go_on()
    return found


def go_on() -> None:
    """Do all that is due, as the pager does."""
    drain()
    sending.send_due()
    while operations.edit_due():
        sending.send_due()


def test_nothing_is_changed_while_it_is_as_it_was_said(room: Room, running: Escalation) -> None:
    (title,) = room.titles
    assert title.startswith(TITLE)
    assert room.edits == []
    assert room.posts["post-1"].content.code


def test_who_took_it_stands_on_every_message_and_nobody_is_called_again(
    room: Room, running: Escalation, alert: Alert, bob: User
) -> None:
    pass_time(running, minutes=10)
    go_on()
    assert len(room.posts) == 2
    operations.acknowledge(actor=bob, alert=alert)
    go_on()
    assert room.titles == [f"Acknowledged by Bob Example: {TITLE}"] * 2
    assert len(room.posts) == 2
    said = room.posts["post-1"].content
    assert (said.data["state"], said.code, said.token) == ("acknowledged", "", "")
    assert said.url.endswith("/")
    assert "/p/" in said.url


def test_taken_then_ended(room: Room, running: Escalation, alert: Alert, alice: User) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    operations.resolve(alert=alert, actor=alice)
    go_on()
    assert room.titles == [f"Resolved by Alice Example: {TITLE}"]
    assert [each.content.data["state"] for each in room.edits] == ["acknowledged", "resolved"]


def test_given_back_it_can_be_answered_again(
    room: Room, running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    operations.unacknowledge(actor=alice, alert=alert)
    go_on()
    assert len(room.posts) == 1
    said = room.posts["post-1"].content
    assert said.subject.startswith(TITLE)
    assert said.token


def test_passed_on(room: Room, running: Escalation, alice: User) -> None:
    operations.escalate_now(actor=alice, page=Page.objects.get())
    go_on()
    assert room.titles[0] == f"Passed on: {TITLE}"
    assert "You can still take it." in room.posts["post-1"].content.text
    assert room.posts["post-1"].content.token


def test_asked_again_is_a_new_message_and_the_old_one_says_so(room: Room, running: Escalation) -> None:
    pass_time(running, minutes=10)
    go_on()
    pass_time(running, minutes=10)
    go_on()
    assert len(room.posts) == 3
    assert room.titles[0] == f"Asked again: {TITLE}"
    assert room.posts["post-1"].content.token == ""
    assert room.posts["post-3"].content.token


@pytest.mark.django_db(transaction=True)
def test_what_arrives_too_late_says_so(room: Room, alice: User, alert: Alert) -> None:
    """Alice takes it while the message is on its way to her."""
    found = cast.escalation(alert, cast.policy((600, [alice])))
    drain()

    def meanwhile(_: Delivery) -> None:
        # The sending thread has a connection of its own, as another process would.
        operations.acknowledge(actor=alice, alert=alert)
        connection.close()

    room.on_send = meanwhile
    sending.send_due()
    while operations.edit_due():
        sending.send_due()
    found.refresh_from_db()
    assert found.status == "acknowledged"
    assert room.titles == [f"Acknowledged by Alice Example: {TITLE}"]


def test_of_two_changes_the_newer_one_is_made(
    room: Room, running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    operations.edit_due()
    operations.resolve(alert=alert, actor=alice)
    operations.edit_due()
    sending.send_due()
    assert [each.content.data["state"] for each in room.edits] == ["resolved"]
    first, _second = Message.objects.filter(client=EDIT).order_by("pk")
    assert (first.state, first.error) == ("suppressed", "a newer change says it")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_arrives_after_a_newer_one_is_put_right(
    room: Room, running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    operations.edit_due()

    def meanwhile(delivery: Delivery) -> None:
        if delivery.content.data["state"] == "acknowledged":
            room.on_edit = lambda _: None
            operations.resolve(alert=alert, actor=alice)
            operations.edit_due()
            connection.close()

    room.on_edit = meanwhile
    sending.send_due()
    go_on()
    assert room.titles == [f"Resolved by Alice Example: {TITLE}"]
    assert Message.objects.filter(client=EDIT, key__contains="-after-").count() == 1


def test_where_nothing_can_be_changed_nothing_is_tried(room: Room, alert: Alert) -> None:
    alice = _reached(cast.alice(), "fixed")
    cast.escalation(alert, cast.policy((600, [alice])))
    go_on()
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    assert not Message.objects.filter(client=EDIT).exists()


def test_a_method_that_was_removed_is_left_alone(
    room: Room, running: Escalation, alert: Alert, alice: User
) -> None:
    operations.acknowledge(actor=alice, alert=alert)
    paging.remove_method(ContactMethod.objects.get(user=alice))
    go_on()
    assert room.edits == []
    assert Message.objects.get(client=EDIT).error == "the contact method was removed"


def test_a_private_incident_stays_private(room: Room, alice: User) -> None:
    incident = cast.incident("Key leaked", private=True)
    cast.escalation(incident, cast.policy((600, [alice])))
    go_on()
    operations.acknowledge(actor=alice, incident=incident)
    go_on()
    assert room.titles == ["Acknowledged by Alice Example: You are being paged"]
    assert "Key leaked" not in str(room.posts["post-1"].content)


def test_a_test_page_says_that_it_was_answered(room: Room, alice: User) -> None:
    page = paging.send_test(alice)
    go_on()
    assert room.posts["post-1"].content.token
    operations.acknowledge(actor=alice, page=page)
    go_on()
    assert room.titles == ["It reached you: Test page"]
    assert room.posts["post-1"].content.token == ""


def test_who_acknowledges_first_of_two_sees_that_one_is_lacking(
    room: Room, alice: User, bob: User, alert: Alert
) -> None:
    cast.escalation(alert, cast.policy((600, [alice, bob]), acks_needed=2))
    go_on()
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    assert room.titles[0] == f"You acknowledged: {TITLE}"
    assert "1 of 2 acknowledged, waiting for one more." in room.posts["post-1"].content.text
    assert room.titles[1].startswith(TITLE)
    operations.unacknowledge(actor=alice, alert=alert)
    go_on()
    assert room.titles[0].startswith(TITLE)
    operations.acknowledge(actor=alice, alert=alert)
    operations.acknowledge(actor=bob, alert=alert)
    go_on()
    assert room.titles == [f"Acknowledged by Bob Example: {TITLE}"] * 2


def test_the_person_is_told_where_a_message_stays_as_it_was_sent(room: Room, client: Client) -> None:
    said = "This service cannot change a message: it carries a link."
    alice = _reached(cast.alice(), "here")
    cast.sign_in(client, alice)
    assert said not in client.get("/me/notifications/").content.decode()
    _reached(alice, "fixed")
    assert said in client.get("/me/notifications/").content.decode()
