"""A client whose messages are no new ones: each changes what was sent before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from core.channels.registry import Delivery, Permanent, Sent, Temporary, Unknown
from core.outbox import registry, rules, sending
from core.outbox.models import Message
from tests.chats import KIND, Room
from tests.core.outbox.conftest import Sender, put

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


@pytest.fixture
def editor() -> Iterator[Sender]:
    """The client "edits"."""
    sender = Sender()
    registry.register(registry.Client("edits", sender.guard, sender.render, sender.listener, edits=True))
    yield sender
    del registry._clients["edits"]


def _send(subject: int, **changes: Any) -> Message:
    (pk,) = put(subject, channel=KIND, **changes)
    with connection.cursor() as cursor:
        cursor.execute("update outbox_message set due_at = now() where state = 'pending'")
    sending.send_due()
    return Message.objects.get(pk=pk)


def _again() -> None:
    with connection.cursor() as cursor:
        cursor.execute("update outbox_message set due_at = now() where state = 'pending'")
    sending.send_due()


def _raise(error: Exception) -> Any:
    def answer(_: Delivery) -> None:
        raise error

    return answer


def test_a_change_goes_to_the_message_that_was_sent(room: Room, client_: Sender, editor: Sender) -> None:
    first = _send(1)
    edit = _send(2, client="edits", provider_id=first.provider_id)
    assert list(room.posts) == ["post-1"]
    assert room.posts["post-1"].content.subject == "about 2"
    assert (edit.state, edit.provider_id, edit.attempts) == ("accepted", "post-1", 1)
    assert editor.told == [(2, "accepted", False)]


def test_a_change_without_an_answer_is_made_again_and_never_as_a_new_message(
    room: Room, client_: Sender, editor: Sender
) -> None:
    first = _send(1)
    room.on_edit = _raise(Unknown("no answer"))
    edit = _send(2, client="edits", provider_id=first.provider_id)
    assert (edit.state, edit.unknown_outcomes, edit.error) == ("pending", 0, "no answer")
    room.on_edit = lambda _: None
    _again()
    assert room.titles == ["about 2"]
    assert not room.edits[0].resent


def test_a_change_is_given_up_without_an_alarm(room: Room, client_: Sender, editor: Sender) -> None:
    first = _send(1)
    room.on_edit = _raise(Temporary("HTTP 503"))
    edit = _send(2, client="edits", provider_id=first.provider_id)
    for _ in range(rules.MOST_EDITS):
        _again()
    edit.refresh_from_db()
    assert (edit.state, edit.attempts, edit.error) == ("failed", rules.MOST_EDITS, "HTTP 503")


def test_where_nothing_can_be_changed_the_change_is_refused(
    room: Room, client_: Sender, editor: Sender
) -> None:
    edit = _send(2, client="edits")
    assert (edit.state, edit.error) == ("failed", "Room cannot change a message")
    assert room.posts == {}


def test_what_may_have_arrived_is_changed_where_its_name_is_known(room: Room, client_: Sender) -> None:
    room.send(Delivery("x", "somewhere", "", client_.say(Message(subject_id=9))))
    put(1, channel=KIND, provider_id="post-1")
    Message.objects.update(unknown_outcomes=1)
    sending.send_due()
    assert list(room.posts) == ["post-1"]
    assert room.posts["post-1"].resent
    assert room.titles == ["about 1"]


def test_at_an_address_that_allows_no_change_it_is_sent_again(room: Room, client_: Sender) -> None:
    put(1, channel=KIND, provider_id="post-9", address="fixed")
    Message.objects.update(unknown_outcomes=1)
    sending.send_due()
    assert list(room.posts) == ["post-1"]


def test_a_message_that_was_refused_is_refused_when_changed(
    room: Room, client_: Sender, editor: Sender
) -> None:
    first = _send(1)
    room.on_edit = _raise(Permanent("the message is gone"))
    edit = _send(2, client="edits", provider_id=first.provider_id)
    assert (edit.state, edit.error) == ("failed", "the message is gone")
    assert Sent("post-1").provider_id == first.provider_id
