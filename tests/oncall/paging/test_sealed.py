"""A person's number is sealed where it is stored, whoever wrote it there, and works as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection

from core.channels import secrets
from core.errors import Refused
from core.outbox import sealing, sending
from core.outbox.models import Message
from oncall.paging import addresses, operations, queries
from oncall.paging.models import ContactMethod
from oncall.paging.operations import outcomes
from oncall.replies import queries as replies
from tests import cast

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User
    from tests.twilio import Twilio

pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"
HOME = "/me/notifications/"


@pytest.fixture(autouse=True)
def _service(twilio: Twilio) -> None:
    """Texts are set up."""


def written_by_old_code(user: User) -> ContactMethod:
    """A row as the version before wrote it: in the clear, without a column that it did not know."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into oncall_contactmethod (user_id, channel, label, address, secret, is_enabled, verified_at,"
            " last_error) values (%s, 'sms', '', %s, '', true, now(), '') returning id",
            [user.pk, NUMBER],
        )
        return ContactMethod.objects.get(pk=cursor.fetchone()[0])


def test_a_number_is_stored_sealed_and_so_is_the_copy_of_it_in_a_message(twilio: Twilio) -> None:
    method = operations.add_method(cast.alice(), channel="sms", address="+49 151 12345678").method
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select string_agg(m::text, '') from outbox_message m) || (select c::text from"
            " oncall_contactmethod c) || (select string_agg(e::text, '') from events_event e)"
        )
        everything = cursor.fetchone()[0]
    assert "15112345678" not in everything
    assert Message.objects.get().address == method.address
    sending.send_due()
    (order,) = twilio.orders
    assert order.fields["To"] == NUMBER


def test_the_same_number_twice_is_still_noticed() -> None:
    alice = cast.alice()
    operations.add_method(alice, channel="sms", address=NUMBER)
    with pytest.raises(Refused, match="already"):
        operations.add_method(alice, channel="sms", address=NUMBER)


def test_a_number_gets_no_more_than_five_codes_whoever_asks() -> None:
    for n in range(5):
        operations.add_method(cast.person(f"Person {n}"), channel="sms", address=NUMBER)
    with pytest.raises(Refused, match="5 codes"):
        operations.add_method(cast.alice(), channel="sms", address=NUMBER)


def test_what_old_code_wrote_works_is_sealed_by_and_by_and_works_on() -> None:
    method = written_by_old_code(cast.alice())
    assert replies.has_number(NUMBER)
    assert sealing.seal_some() == 1
    method.refresh_from_db()
    assert method.address.startswith("sealed:")
    assert addresses.plain(method.address) == NUMBER
    assert replies.has_number(NUMBER)
    assert not replies.has_number("+4915112345679")


def test_a_text_from_a_number_is_known_again_after_the_key_has_changed(settings: Settings) -> None:
    method = operations.add_method(cast.alice(), channel="sms", address=NUMBER).method
    ContactMethod.objects.update(verified_at=method.created_at)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of fifty characters or more: 0123456789abcdef"
    assert replies.has_number(NUMBER)
    call_command("rotate_keys")
    settings.SECRET_KEY_FALLBACKS = []
    assert replies.has_number(NUMBER)
    assert addresses.plain(ContactMethod.objects.get().address) == NUMBER


def test_a_message_from_before_the_sealing_counts_as_sent_to_this_method() -> None:
    alice = cast.alice()
    method = written_by_old_code(alice)
    old = Message(channel="sms", address=method.address)
    sealing.seal_some()
    method.refresh_from_db()
    person = queries.reachable([alice.pk])[alice.pk]
    assert outcomes.used(person, [old]) == [("sms", method.address)]


def test_its_person_sees_the_number_and_the_api_and_a_stranger_to_the_key_do_not(
    client: Client, settings: Settings
) -> None:
    alice = cast.alice()
    operations.add_method(alice, channel="sms", address=NUMBER)
    cast.sign_in(client, alice)
    assert NUMBER in client.get(HOME).content.decode()
    (method,) = client.get("/api/v1/users/me/contact-methods/").json()["results"]
    assert method["address"] == "+49•••78"
    settings.SECRET_KEY_FALLBACKS = []
    sealed = ContactMethod.objects.get().address
    assert addresses.hint("sms", secrets.MARK + "nonsense") == "•••"
    assert addresses.hint("sms", sealed) == "+49•••78"
