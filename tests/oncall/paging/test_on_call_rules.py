"""Also ring my phone when I am on call: a rule beside the others, for as long as a shift lasts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from core.outbox.models import Message
from core.tokens import operations as tokens
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.paging import operations, queries, rules
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.paging.rules import Method, Rule
from oncall.schedules import queries as schedules
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
MAIL, PHONE = Method(1, "email", "me@example.com"), Method(2, "webhook", "https://example.com/")
RING = Rule("high", 2, 120, only_on_call=True)


@pytest.fixture
def phone(alice: User) -> ContactMethod:
    """Alice's other method, by which she is paged two minutes later, and only while she is on call."""
    operations.ensure_default(alice)
    method = ContactMethod.objects.create(
        user=alice, channel="email", address="phone@home.example", verified_at=Now()
    )
    operations.add_rule(alice, urgency="high", method=method, delay_seconds=120, only_on_call=True)
    return method


def paged(user: User) -> set[str]:
    """The addresses to which a page of this person goes now."""
    cast.escalation(cast.alert("Checkout is down"), cast.policy((600, [user])))
    escalation.advance_due()
    return set(Message.objects.filter(client=queries.CLIENT).values_list("address", flat=True))


def test_who_is_on_call_is_paged_that_way_as_well(alice: User, phone: ContactMethod) -> None:
    cast.always(alice)
    assert paged(alice) == {alice.email, "phone@home.example"}


def test_who_is_not_is_paged_as_ever(alice: User, bob: User, phone: ContactMethod) -> None:
    cast.always(bob)
    assert paged(alice) == {alice.email}


def test_where_the_database_cannot_say_who_is_on_call_the_page_goes_both_ways(
    alice: User, phone: ContactMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select 1 / 0")

    monkeypatch.setattr(schedules, "on_call", fail)
    assert paged(alice) == {alice.email, "phone@home.example"}


@pytest.mark.parametrize(
    ("chosen", "sends"),
    [
        ([Rule("high", 1, 0), RING], [(1, 0), (2, 120)]),
        ([Rule("high", 1, 300), RING], [(2, 120), (1, 300)]),
        ([RING], [(1, 0), (2, 0), (2, 120)]),
        ([Rule("high", 2, 120), RING], [(2, 120)]),
    ],
)
def test_it_is_beside_what_is_done_anyway(chosen: list[Rule], sends: list[tuple[int, int]]) -> None:
    found, _ = rules.sends([MAIL, PHONE], chosen, urgency="high", sign_in="")
    assert [(send.method.id, send.delay_seconds) for send in found] == sends


def test_who_tries_a_policy_sees_it_for_the_time_they_ask_about(
    alice: User, bob: User, phone: ContactMethod
) -> None:
    cast.weekly(alice, bob)
    policy = cast.policy((600, [alice]))
    told = {
        day: {
            line.at.minute
            for line in escalations.simulate(
                policy, at=datetime(2026, 1, day, 12, tzinfo=UTC), urgency="high"
            )
        }
        for day in (6, 13)
    }
    assert told == {6: {0, 2, 10}, 13: {0, 10}}


def test_it_is_chosen_on_the_screen_and_in_the_api(alice: User) -> None:
    operations.ensure_default(alice)
    method = ContactMethod.objects.get()
    client = cast.sign_in(Client(), alice)
    given = {"urgency": "high", "method": method.pk, "delay_seconds": "300", "only_on_call": "on"}
    assert client.post("/me/notifications/rules/", given).status_code == 302
    assert NotificationRule.objects.get(delay_seconds=300).only_on_call
    assert "alice@example.com, while on call" in client.get("/me/notifications/").content.decode()
    _, secret = tokens.create(alice, name="x", scopes=["read", "write"])
    headers = {"Authorization": f"Bearer {secret}"}
    asked = {"method": str(method.pk), "delay_seconds": 60, "only_on_call": True}
    address = "/api/v1/users/me/notification-rules/"
    made = client.post(address, asked, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()["only_on_call"]) == (201, True)
