"""Channels that a level tells: they are on the ledger, wake nobody, and say where they stand what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.accounts.models import User
from core.channels.registry import Permanent
from core.outbox import sending
from core.outbox.models import Message
from oncall.coverage import queries as coverage
from oncall.destinations import operations as channels
from oncall.escalation import operations, queries
from oncall.escalation.rules import plans
from oncall.escalation.rules.plans import Kind
from oncall.models import Destination, Page
from oncall.paging import operations as paging
from oncall.paging import queries as ledger
from oncall.paging import tokens
from tests import cast
from tests.chats import Room
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.channels.registry import Delivery
    from oncall.models import Alert
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
TITLE = "Checkout API error rate above 5%"


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


@pytest.fixture
def payments(room: Room) -> Destination:
    return cast.channel("#payments")


@pytest.fixture
def alice(smtp: Smtp) -> User:
    user = cast.alice()
    paging.ensure_default(user)
    return user


@pytest.fixture
def alert() -> Alert:
    return cast.alert()


def open_to_private(channel: Destination) -> None:
    ada = User.objects.filter(email="ada@example.com").first() or cast.ada()
    channels.change(channel, name=channel.name, is_enabled=True, hears_private=True, actor=ada)


def go_on() -> None:
    drain()
    sending.send_due()
    while operations.edit_due():
        sending.send_due()


def lines() -> list[tuple[str, int, str]]:
    """The ledger: who or what, at which level, and what became of it."""
    pages = Page.objects.select_related("user", "destination").order_by("pk")
    return [(str(page.user or page.destination or "nobody"), page.level, page.status) for page in pages]


def test_it_is_told_with_the_way_to_the_alert_and_nothing_that_acknowledges_by_itself(
    payments: Destination, room: Room, alert: Alert, alice: User
) -> None:
    cast.escalation(alert, cast.policy((600, [payments, alice])))
    go_on()
    said = room.posts["post-1"].content
    assert said.subject.startswith(TITLE)
    assert said.url.endswith(f"/alerts/{alert.pk}/")
    assert (said.code, said.token) == ("", "")
    assert tokens.parse(said.room) is None
    assert "/p/" not in said.text
    assert lines() == [("Alice Example", 0, "sent"), ("#payments", 0, "sent")]
    payments.refresh_from_db()
    assert payments.last_ok_at is not None


def test_it_says_where_it_stands_who_took_it(
    payments: Destination, room: Room, alert: Alert, alice: User
) -> None:
    cast.escalation(alert, cast.policy((600, [payments, alice])))
    go_on()
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    assert room.titles == [f"Acknowledged by Alice Example: {TITLE}"]
    assert len(room.posts) == 1
    assert room.posts["post-1"].content.url.endswith(f"/alerts/{alert.pk}/")


def test_a_level_of_a_channel_alone_has_its_time_and_counts_as_unanswered(
    payments: Destination, alert: Alert, alice: User
) -> None:
    found = cast.escalation(alert, cast.policy((600, [payments]), (600, [alice])))
    go_on()
    assert lines() == [("#payments", 0, "sent")]
    found.refresh_from_db()
    assert found.status == "escalating"
    upcoming = queries.next_up(found)
    assert upcoming is not None
    assert [str(one) for one in upcoming.people] == ["Alice Example"]
    pass_time(found, minutes=10)
    go_on()
    assert lines()[-1] == ("Alice Example", 1, "sent")


def test_a_channel_does_not_stand_for_a_person_who_cannot_be_reached(
    payments: Destination, alert: Alert, alice: User
) -> None:
    gone = cast.bob()
    gone.is_active = False
    gone.save()
    cast.escalation(alert, cast.policy((600, [payments, gone]), (600, [alice])))
    go_on()
    assert lines() == [
        ("Bob Example", 0, "failed"),
        ("#payments", 0, "sent"),
        ("Alice Example", 1, "sent"),
    ]


def test_a_channel_that_cannot_be_told_is_not_waited_for(
    payments: Destination, room: Room, alert: Alert, alice: User
) -> None:
    def refuse(_: Delivery) -> None:
        raise Permanent("channel_not_found")

    room.on_send = refuse
    cast.escalation(alert, cast.policy((600, [payments]), (600, [alice])))
    go_on()
    go_on()
    assert lines() == [("#payments", 0, "failed"), ("Alice Example", 1, "sent")]
    payments.refresh_from_db()
    assert payments.last_error == "channel_not_found"


def test_a_channel_that_is_turned_off_is_passed_over_with_the_reason(
    payments: Destination, room: Room, alert: Alert, alice: User
) -> None:
    channels.change(payments, name="#payments", is_enabled=False, actor=None)
    cast.escalation(alert, cast.policy((600, [payments]), (600, [alice])))
    go_on()
    assert room.posts == {}
    assert lines() == [("nobody", 0, "failed"), ("Alice Example", 1, "sent")]
    assert "The channel #payments is turned off." in Page.objects.order_by("pk")[0].why


def test_what_is_private_is_told_to_no_channel(payments: Destination, room: Room, alice: User) -> None:
    incident = cast.incident("Key leaked", private=True)
    cast.escalation(incident, cast.policy((600, [payments, alice])))
    go_on()
    assert room.posts == {}
    assert ("#payments", 0, "suppressed") in lines()
    page = Page.objects.get(destination=payments)
    assert page.why.endswith("Not told: private.")
    assert "Key leaked" not in page.why


def test_an_admin_opens_a_channel_to_what_is_private(payments: Destination, room: Room, alice: User) -> None:
    open_to_private(payments)
    incident = cast.incident("Key leaked", private=True)
    found = cast.escalation(incident, cast.policy((600, [payments, alice])))
    go_on()
    (said,) = room.posts.values()
    assert "Key leaked" in said.content.subject
    assert said.content.data["incident"]["title"] == "Key leaked"
    operations.acknowledge(actor=alice, incident=incident)
    go_on()
    assert room.titles == ["Acknowledged by Alice Example: Key leaked"]
    assert found.pages.filter(destination=payments, status="sent").exists()


def test_a_private_alert_goes_to_the_opened_channel_alone(
    payments: Destination, room: Room, alert: Alert, alice: User
) -> None:
    secret = cast.channel("#board")
    open_to_private(secret)
    alert.incident = cast.incident("Key leaked", private=True)
    alert.save()
    cast.escalation(alert, cast.policy((600, [payments, secret, alice])))
    go_on()
    assert [delivery.address for delivery in room.posts.values()] == ["#board"]
    assert room.posts["post-1"].content.data["alert"]["title"] == TITLE
    told = Page.objects.filter(destination__isnull=False).values_list("destination__name", "status")
    assert set(told) == {("#payments", "suppressed"), ("#board", "sent")}


def test_a_channel_that_was_closed_meanwhile_is_not_told(
    payments: Destination, room: Room, alice: User
) -> None:
    open_to_private(payments)
    cast.escalation(cast.incident("Key leaked", private=True), cast.policy((600, [payments, alice])))
    drain()
    channels.change(payments, name="#payments", is_enabled=True, actor=None)
    sending.send_due()
    assert room.posts == {}


def test_what_stands_in_a_channel_loses_its_title_when_it_becomes_private(
    payments: Destination, room: Room, alice: User
) -> None:
    incident = cast.incident("Key leaked")
    cast.escalation(incident, cast.policy((600, [payments, alice])))
    go_on()
    assert "Key leaked" in room.titles[0]
    incident.private = True
    incident.save()
    operations.acknowledge(actor=alice, incident=incident)
    go_on()
    (said,) = room.posts.values()
    assert said.content.subject == "Acknowledged by Alice Example: it is private now"
    assert "Key leaked" not in f"{said.content}"


def test_a_persons_page_about_what_is_private_says_nothing_of_it_to_programs(
    payments: Destination, alice: User
) -> None:
    open_to_private(payments)
    cast.escalation(cast.incident("Key leaked", private=True), cast.policy((600, [payments, alice])))
    drain()
    content = Message.objects.get(client="oncall.page", user=alice).content
    assert "Key leaked" not in f"{content}"
    assert "incident" not in content["data"]


def test_what_became_private_meanwhile_is_not_told(payments: Destination, room: Room, alice: User) -> None:
    incident = cast.incident("Key leaked")
    cast.escalation(incident, cast.policy((600, [payments, alice])))
    drain()
    incident.private = True
    incident.save()
    sending.send_due()
    assert room.posts == {}
    page = Page.objects.get(destination=payments)
    assert (page.status, page.why.endswith("Not told: private.")) == ("suppressed", True)
    (delivery,) = ledger.deliveries([page.pk])[page.pk]
    assert (delivery.state, delivery.detail) == ("suppressed", "not told: private")


def test_nobody_is_said_to_be_woken_by_a_channel(payments: Destination, alice: User) -> None:
    ladder = queries.ladder(cast.policy((600, [payments])))
    assert ladder.rungs[0].tells
    assert ladder.warnings == ("No level asks a person right now: channels are told, and nobody is woken.",)
    both = queries.ladder(cast.policy((600, [payments]), (600, [alice]), name="Both"))
    assert both.warnings == ()


def test_the_simulator_tells_the_channel(payments: Destination, alice: User) -> None:
    found = queries.simulate(
        cast.policy((600, [payments]), (600, [alice])), at=timezone.now(), urgency="high"
    )
    said = [(line.told or (line.person.name if line.person else ""), line.level) for line in found]
    assert said == [("#payments", 1), ("Alice Example", 2), ("", None)]
    assert "It wakes nobody." in found[0].why


def test_a_frozen_plan_keeps_its_channels(payments: Destination) -> None:
    policy = cast.policy((600, [payments]))
    plan = plans.from_json(plans.to_json(queries.plan_of(queries.policy(cast.ada(), policy.slug))))
    (target,) = plan.levels[0].targets
    assert (target.kind, target.id, target.name) == (Kind.CHANNEL, payments.pk, "#payments")


def test_a_policy_of_channels_alone_is_seen_to_ask_nobody(payments: Destination, alice: User) -> None:
    cast.policy((600, [payments]))
    cast.policy((600, [payments]), (600, [alice]), name="Both")
    (lack,) = coverage.lacks(queries.now())
    assert lack.text.startswith("Engineering asks nobody until ")


def test_a_channel_that_was_told_keeps_nobody_waiting_who_said_no(
    payments: Destination, alice: User, alert: Alert
) -> None:
    """Alice acknowledges as the first of two; the level has nobody else, so the next is asked at once."""
    bob = cast.bob()
    paging.ensure_default(bob)
    found = cast.escalation(alert, cast.policy((600, [payments, alice]), (600, [bob]), acks_needed=2))
    go_on()
    operations.acknowledge(actor=alice, alert=alert)
    go_on()
    found.refresh_from_db()
    assert lines()[-1] == ("Bob Example", 1, "sent")
