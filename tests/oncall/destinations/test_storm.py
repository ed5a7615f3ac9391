"""A storm as a channel meets it: a few messages, then one that is changed; without changes one a minute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client

from core.accounts.models import User
from core.channels.registry import Permanent
from core.net import http
from core.outbox import bundling, telling
from core.outbox.models import Message
from core.outbox.sending import send_due
from oncall.destinations import operations as channels
from oncall.escalation import operations
from oncall.models import Alert, Destination, Page
from tests import cast
from tests.chats import Room
from tests.core.channels.chats import KINDS, set_up
from tests.core.channels.servers import slack
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries, Settings

    from core.channels.registry import Delivery
    from tests.peers import WebhookSink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_minute_ends_by_itself(settings: Settings) -> None:
    settings.PAGER_DIGEST_SECONDS = 10**9


@pytest.fixture
def room() -> Iterator[Room]:
    yield from Room().join()


@pytest.fixture
def service(settings: Settings) -> Iterator[slack.Slack]:
    """Slack, as far as the product can tell."""
    server = slack.Slack()
    server.start()
    set_up(settings, "slack", server)
    yield server
    server.stop()
    http.hang_up()


def ada() -> User:
    return User.objects.filter(email="ada@example.com").first() or cast.ada()


def storm(to: Destination, count: int, *, first: int = 1) -> list[Alert]:
    """So many alerts about which a channel is told, at once."""
    policy = cast.policy((3600, [to]), name=f"Storm {first}")
    found = [cast.alert(f"Alert <{n}>") for n in range(first, first + count)]
    for alert in found:
        cast.escalation(alert, policy)
    drain()
    send_due()
    return found


def turn_is_over(client: str) -> None:
    """Let what waits of a client go out now, as at the end of its turn."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set due_at = now(), key = key || '-' || id"
            " where client = %s and state = 'pending'",
            [client],
        )
    send_due()


def minute_is_over() -> None:
    turn_is_over("oncall.page.digest")
    while bundling.tell_due(telling.tell):
        pass


def changes_go_out() -> None:
    while operations.edit_due():
        pass
    turn_is_over("oncall.digest_edit")


def listed(url: str) -> set[str]:
    """The titles on the page behind a link, all of its leaves."""
    client = cast.sign_in(Client(), User.objects.filter(email="vera@example.com").first() or cast.vera())
    path = url.removeprefix("http://127.0.0.1:8000")
    leaves = [client.get(f"{path}?page={n}").content.decode() for n in (1, 2)]
    return {f"Alert <{n}>" for page in leaves for n in re.findall(r"Alert &lt;(\d+)&gt;", page)}


@pytest.mark.parametrize("is_hook", [False, True])
def test_a_hundred_alerts_are_six_messages_in_slack_and_none_goes_unmentioned(
    service: slack.Slack,
    is_hook: bool,  # noqa: FBT001 - a column of the table
) -> None:
    kind = KINDS["slack"]
    address = f"{service.url}{kind.hook}" if is_hook else "C012AB3CD"
    alerts = storm(cast.channel(kind="slack", name=address), 100)
    assert len(service.posts) == 5
    minute_is_over()

    assert (len(service.calls), len(service.posts)) == (6, 6)
    *single, digest = [slack.words(post) for post in service.posts.values()]
    assert digest.startswith("+95 alerts, 95 not taken yet")
    (link,) = [button["url"] for button in slack.buttons(list(service.posts.values())[-1]).values()]
    mentioned = {alert.title for alert in alerts if any(alert.title in words for words in single)}
    assert len(mentioned) == 5
    assert mentioned | listed(link) == {alert.title for alert in alerts}
    assert not mentioned & listed(link)
    assert set(Page.objects.values_list("status", flat=True)) == {"sent"}


def test_while_the_storm_lasts_it_is_one_message_that_is_changed(room: Room) -> None:
    payments = cast.channel()
    storm(payments, 12)
    minute_is_over()
    storm(payments, 20, first=13)
    minute_is_over()

    assert len(room.posts) == 6
    assert room.titles[-1] == "+27 alerts, 27 not taken yet"
    assert "Alert <32>" in room.posts["post-6"].content.text
    assert len(listed(room.posts["post-6"].content.url)) == 27


def test_where_nothing_can_be_changed_it_is_one_a_minute(room: Room) -> None:
    fixed = cast.channel("fixed")
    storm(fixed, 12)
    minute_is_over()
    storm(fixed, 20, first=13)
    minute_is_over()

    assert room.edits == []
    assert room.titles[5:] == ["+7 alerts, 7 not taken yet", "+20 alerts, 20 not taken yet"]


def test_it_says_where_it_stands_what_became_of_them(room: Room) -> None:
    found = storm(cast.channel(), 8)
    minute_is_over()
    alice = cast.alice()
    for alert in found[5:7]:
        operations.acknowledge(actor=alice, alert=alert)
    changes_go_out()
    assert room.titles[-1] == "+3 alerts, 1 not taken yet"
    operations.resolve(alert=found[7], actor=None)
    changes_go_out()
    assert room.titles[-1] == "+3 alerts, each is taken or over"
    assert room.posts["post-6"].content.data["state"] == "over"
    assert len(room.posts) == 6


def test_many_changes_at_once_are_one(room: Room) -> None:
    found = storm(cast.channel(), 30)
    minute_is_over()
    for alert in found[5:]:
        operations.resolve(alert=alert, actor=None)
        operations.edit_due()
    assert Message.objects.filter(client="oncall.digest_edit").count() == 1
    changes_go_out()
    assert room.titles[-1] == "+25 alerts, each is taken or over"


def test_a_message_that_was_deleted_there_is_written_anew(room: Room) -> None:
    payments = cast.channel()
    storm(payments, 7)
    minute_is_over()

    def gone(_: Delivery) -> None:
        raise Permanent("message_not_found")

    room.on_edit = gone
    storm(payments, 3, first=8)
    minute_is_over()
    assert room.titles[-2:] == ["+2 alerts, 2 not taken yet", "+5 alerts, 5 not taken yet"]
    assert not Page.objects.exclude(status="sent").exists()


def test_when_the_storm_is_long_over_a_new_message_is_written(room: Room) -> None:
    payments = cast.channel()
    storm(payments, 7)
    minute_is_over()
    with connection.cursor() as cursor:
        cursor.execute(
            "update outbox_message set ended_at = ended_at - interval '11 minutes' where client like '%digest'"
        )
    storm(payments, 3, first=8)
    minute_is_over()
    assert room.titles[-2:] == ["+2 alerts, 2 not taken yet", "+3 alerts, 3 not taken yet"]


def test_what_is_private_is_left_out_of_it_and_not_counted(room: Room) -> None:
    found = storm(cast.channel(), 9)
    Alert.objects.filter(pk=found[7].pk).update(incident=cast.incident("Key leaked", private=True))
    minute_is_over()
    said = room.posts["post-6"].content
    assert said.subject == "+3 alerts, 3 not taken yet"
    assert found[7].title not in f"{said}"
    assert found[7].title not in listed(said.url)
    with connection.cursor() as cursor:
        cursor.execute("update outbox_message set untold_at = untold_at - interval '1 minute'")
    telling.tell_again()
    page = Page.objects.get(escalation__alert=found[7])
    assert (page.status, page.why.endswith("Not told: private.")) == ("suppressed", True)


def test_what_becomes_private_later_goes_with_the_next_change(room: Room) -> None:
    found = storm(cast.channel(), 8)
    minute_is_over()
    assert found[7].title in room.posts["post-6"].content.text
    Alert.objects.filter(pk=found[7].pk).update(incident=cast.incident("Key leaked", private=True))
    operations.resolve(alert=found[5], actor=None)
    changes_go_out()
    said = room.posts["post-6"].content
    assert said.subject == "+2 alerts, 1 not taken yet"
    assert found[7].title not in f"{said}"


def test_an_opened_channel_is_told_of_what_is_private_together_with_the_rest(room: Room) -> None:
    board = cast.channel("#board")
    found = storm(board, 8)
    channels.change(board, name="#board", is_enabled=True, hears_private=True, actor=ada())
    Alert.objects.filter(pk=found[7].pk).update(incident=cast.incident("Key leaked", private=True))
    minute_is_over()
    assert room.titles[-1] == "+3 alerts, 3 not taken yet"
    assert found[7].title in room.posts["post-6"].content.text


def test_of_a_digest_of_what_is_over_nothing_is_said(room: Room) -> None:
    found = storm(cast.channel(), 7)
    for alert in found[5:]:
        operations.resolve(alert=alert, actor=None)
    minute_is_over()
    assert len(room.posts) == 5
    assert Message.objects.get(client="oncall.page.digest").state == "suppressed"


def test_a_program_is_told_of_each(webhook_sink: WebhookSink) -> None:
    found = storm(cast.channel(webhook_sink.url, kind="webhook"), 8)
    told = [request.json["data"]["alert"]["id"] for request in webhook_sink.requests]
    assert sorted(told) == sorted(str(alert.pk) for alert in found)


def test_each_channel_is_counted_for_itself(room: Room) -> None:
    storm(cast.channel(), 8)
    storm(cast.channel("#other"), 3, first=20)
    assert [delivery.address for delivery in room.posts.values()].count("#other") == 3


def test_the_list_is_for_who_signs_in_and_costs_the_same_however_long(
    room: Room, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    storm(cast.channel(), 30)
    minute_is_over()
    path = room.posts["post-6"].content.url.removeprefix("http://127.0.0.1:8000")
    assert Client().get(path).status_code == 302
    client = cast.sign_in(Client(), cast.vera())
    client.get(path)
    with django_assert_max_num_queries(12):
        page = client.get(path).content.decode()
    assert page.count("/alerts/") >= 25
    assert client.get(f"{path}?page=x").status_code == 200
    assert client.get("/alerts/-/together/999999/").status_code == 404
    assert client.post(path).status_code == 405


def test_the_digest_of_a_person_is_no_channels(room: Room) -> None:
    found = cast.paged_by("room", "U1")
    drain()
    digest = cast.digest(Page.objects.get(escalation=found))
    client = cast.sign_in(Client(), cast.vera())
    assert client.get(f"/alerts/-/together/{digest.pk}/").status_code == 404
