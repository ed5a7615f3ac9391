from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core.channels import registry as channels
from core.channels import secrets
from core.channels.numbers import hint
from core.channels.registry import Channel, Delivery, Permanent, Sent
from core.outbox import draining, sealing, sending
from core.outbox.models import Attempt, Message, WorkerBeat
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.core.outbox.conftest import Recorder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("client_")]
NUMBER = "+4915112345678"
NEW_KEY = "another key of fifty characters or more: 0123456789abcdef"


def old_code_beats() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into outbox_workerbeat (name, kind, drained_at) values ('old', 'pagerd', now())"
        )


@pytest.fixture(autouse=True)
def phone(recorder: Recorder) -> Iterator[None]:
    """Numbers on the recorder, masked as numbers are."""
    channels.register(Channel(kind="phone", name="Phone", check_address=str, hint=hint, send=recorder.send))
    yield
    del channels._channels["phone"]


def message(number: int) -> Message:
    return Message.objects.get(key=f"m{number}")


def test_the_sender_opens_a_sealed_address(recorder: Recorder) -> None:
    put(1, channel="phone", address=secrets.seal(NUMBER))
    sending.send_due()
    assert [each.address for each in recorder.deliveries] == [NUMBER]


def test_a_number_that_the_provider_repeats_is_masked(recorder: Recorder) -> None:
    def refuse(_: Delivery) -> Sent:
        raise Permanent("'To' number +4915112345678 (%2B4915112345678, 4915112345678) is not valid")

    recorder.answer = refuse
    put(1, channel="phone", address=secrets.seal(NUMBER))
    sending.send_due()
    assert message(1).error == "'To' number +49•••78 (+49•••78, +49•••78) is not valid"
    assert Attempt.objects.get().detail == message(1).error


def test_what_old_code_wrote_in_the_clear_is_sealed_and_still_sent(recorder: Recorder) -> None:
    put(1, 2, channel="phone", address=NUMBER)
    put(3, channel="email", address="a@example.com")
    assert sealing.seal_some() == 2
    assert sealing.seal_some() == 0
    one, two, mail = (message(number).address for number in (1, 2, 3))
    assert one.startswith("sealed:")
    assert (two, mail) == (one, "a@example.com")  # one person's messages are counted by their address
    Message.objects.filter(channel="email").delete()
    sending.send_due()
    assert [each.address for each in recorder.deliveries] == [NUMBER, NUMBER]


def test_nothing_is_sealed_while_a_process_runs_that_could_not_open_it() -> None:
    put(1, channel="phone", address=NUMBER)
    old_code_beats()
    assert sealing.stored("+49170") == "+49170"
    assert sealing.seal_some() == 0
    WorkerBeat.objects.all().delete()
    draining.drain(kind="pagerd")
    assert sealing.stored("+49170").startswith("sealed:")


def test_looking_for_what_is_in_the_clear_reads_an_index_that_is_empty_at_the_end() -> None:
    put(*range(500), channel="phone", address=secrets.seal(NUMBER))
    with connection.cursor() as cursor:
        cursor.execute("analyze outbox_message")
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("explain " + sealing.UNSEALED.format(table="outbox_message"), [500])
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "message_unsealed" in plan


def test_after_a_rotation_the_earlier_key_is_needed_no_more(settings: Settings) -> None:
    sealed = secrets.seal(NUMBER)
    put(1, address=sealed, secret="whsec")
    put(2, address=sealed)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW_KEY
    assert not sealing.are_current()
    call_command("rotate_keys")
    assert sealing.are_current()
    settings.SECRET_KEY_FALLBACKS = []
    addresses = set(Message.objects.values_list("address", flat=True))
    assert len(addresses) == 1
    assert [secrets.unseal(address) for address in addresses] == [NUMBER]
    assert secrets.unseal(message(1).secret) == "whsec"
    call_command("rotate_keys")
    assert set(Message.objects.values_list("address", flat=True)) == addresses


def test_a_rotation_without_the_key_that_sealed_says_so(settings: Settings) -> None:
    put(1, address=secrets.seal(NUMBER))
    settings.SECRET_KEY = NEW_KEY
    with pytest.raises(CommandError, match=r"outbox_message.address: .*without a fallback"):
        call_command("rotate_keys")


def test_channels_in_the_clear_are_those_that_the_index_leaves_out() -> None:
    assert {channel.kind for channel in channels.all() if not channel.is_sealed} >= {"email", "null"}
    assert all(channels.get(kind).is_sealed for kind in ("sms", "voice", "webhook", "push"))
