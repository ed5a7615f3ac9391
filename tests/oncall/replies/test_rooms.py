"""Buttons pressed in a team's room: whoever presses acts as themselves, where they may act at all."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from core.callbacks import replies
from core.callbacks.replies import Reply, Result
from core.events import bus
from core.events.models import Event
from core.net import http
from incidents.lifecycle.models import TimelineEntry
from oncall.destinations import operations as channels
from oncall.escalation import operations
from oncall.models import Alert, Destination, Escalation, Page
from oncall.paging import tokens
from oncall.paging.models import ContactMethod
from tests import cast
from tests.core.channels.chats import KINDS, set_up
from tests.core.channels.servers import discord, mattermost, slack, telegram
from tests.oncall.escalation.test_races import together
from tests.oncall.replies.pressing import STRANGER, YOURS, Chat, go_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
TITLE = "Checkout API error rate above 5%"
BOBS = {"slack": "U0BOB00001", "telegram": "4712000", "discord": "80351110224679999", "mattermost": "bob"}


def link(user: User, kind: str, account: str) -> User:
    """Prove that an account of a chat is a person's, the way they are paged by it."""
    mark = "@" if kind in ("discord", "mattermost") else ""
    address = account if account.startswith("@") else f"{mark}{account}"
    ContactMethod.objects.create(user=user, channel=kind, address=address, verified_at=timezone.now())
    return user


def ops(kind: str) -> Destination:
    return channels.add(name="#ops-alerts", channel=kind, address=KINDS[kind].room, actor=None)[0]


def _told(
    kind: str, client: Client, settings: Settings, alice: User, about: Alert | Incident | None = None
) -> Iterator[Chat]:
    """A room is told, and nobody is asked before ten minutes are over; Alice's account is linked."""
    service = KINDS[kind].make().start()
    set_up(settings, kind, service)
    link(alice, kind, KINDS[kind].person)
    room = ops(kind)
    if about is not None:
        channels.change(room, name=room.name, is_enabled=True, hears_private=True, actor=cast.ada())
    cast.escalation(about or cast.alert(), cast.policy((600, [room]), (600, [alice])))
    go_on()
    chat = Chat(kind, client, service, in_room=True)
    chat.remember()
    yield chat
    service.stop()
    http.hang_up()


@pytest.fixture(params=list(KINDS))
def room(request: pytest.FixtureRequest, client: Client, settings: Settings, alice: User) -> Iterator[Chat]:
    yield from _told(request.param, client, settings, alice)


@pytest.fixture
def in_slack(client: Client, settings: Settings, alice: User) -> Iterator[Chat]:
    yield from _told("slack", client, settings, alice)


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident("Key leaked", private=True)


@pytest.fixture
def in_private(client: Client, settings: Settings, alice: User, incident: Incident) -> Iterator[Chat]:
    yield from _told("slack", client, settings, alice, incident)


def untouched() -> bool:
    run = Escalation.objects.get()
    return (run.status, run.epoch, run.acks) == ("escalating", 1, []) and Page.objects.get().answer == ""


def test_whoever_presses_takes_the_alert_and_the_message_says_so(room: Chat, alice: User) -> None:
    assert room.offered == ["Acknowledge", "Pass on"]
    assert room.press() == (200, YOURS)
    assert Alert.objects.get().acknowledged_by == alice
    go_on()
    assert room.text.startswith(f"Acknowledged by Alice Example: {TITLE}")
    assert re.search(r"Alice Example has it since \d\d:\d\d UTC\. Nobody else is asked\.", room.text)
    assert room.offered == []
    assert len(room.service.posts) == 1
    page = Page.objects.get()
    assert (page.answer, page.status) == ("Acknowledged in #ops-alerts by Alice Example", "sent")


def test_who_presses_second_is_told_who_has_it(room: Chat, bob: User) -> None:
    link(bob, room.kind, BOBS[room.kind])
    room.press()
    assert room.press(by=BOBS[room.kind]) == (200, "Nothing to do: Alice Example has it.")
    assert room.press() == (200, YOURS)
    assert Page.objects.get().answer == "Acknowledged in #ops-alerts by Alice Example"
    assert Event.objects.filter(name="page.answered_in_channel").count() == 1


def test_an_account_of_nobody_is_told_how_to_link_it_and_does_nothing(room: Chat) -> None:
    status, words = room.press(by=STRANGER[room.kind])
    assert status == 200
    assert words == (
        "Nothing was done: link this account to you under “How I am reached”:"
        " http://127.0.0.1:8000/me/notifications/"
    )
    assert untouched()
    go_on()
    assert room.text.startswith(TITLE)


def test_passing_on_asks_whoever_is_next(room: Chat) -> None:
    assert room.press(verb="pass") == (200, "Passed on: the next level is asked now.")
    assert room.press(verb="pass") == (200, "Nothing was done: this page is over.")
    go_on()
    assert room.text.startswith(f"Passed on: {TITLE}")
    told, asked = Page.objects.order_by("pk")
    assert told.answer == "Passed on in #ops-alerts by Alice Example"
    assert str(asked.user) == "Alice Example"
    room.remember()
    assert room.press() == (200, YOURS)


def test_who_only_reads_is_refused(in_slack: Chat) -> None:
    link(cast.vera(), "slack", BOBS["slack"])
    words = "Nothing was done: your role does not allow to respond."
    assert in_slack.press(by=BOBS["slack"]) == (200, words)
    assert in_slack.press(verb="pass", by=BOBS["slack"]) == (200, words)
    assert untouched()


def test_a_method_that_is_not_proven_or_was_turned_off_links_nobody(in_slack: Chat, alice: User) -> None:
    for change in ({"verified_at": None}, {"verified_at": timezone.now(), "is_enabled": False}):
        ContactMethod.objects.update(**change)
        assert "link this account" in in_slack.press()[1]
    ContactMethod.objects.update(is_enabled=True)
    alice.is_active = False
    alice.save()
    assert "link this account" in in_slack.press()[1]
    assert untouched()


def test_an_account_that_two_people_share_is_neither_of_them(in_slack: Chat, bob: User) -> None:
    link(bob, "slack", slack.MEMBER)
    assert "link this account" in in_slack.press()[1]
    assert untouched()


def test_the_same_name_in_another_chat_is_another_account(in_slack: Chat, bob: User) -> None:
    link(bob, "mattermost", "bob")
    assert "link this account" in in_slack.press(by="@bob")[1]
    token = in_slack.pressed["slack"]["ack"]["value"]
    assert replies.hear(Reply(channel="mattermost", sender="@bob", token=token, words="ack")) is None
    assert untouched()


def test_what_is_private_is_taken_by_its_people_alone(
    in_private: Chat, incident: Incident, alice: User, bob: User
) -> None:
    link(bob, "slack", BOBS["slack"])
    refused = (200, "Nothing was done: only those who are part of it can act on it.")
    assert in_private.press(by=BOBS["slack"]) == refused
    assert in_private.press(verb="pass", by=BOBS["slack"]) == refused
    assert untouched()
    assert not incident.participants.filter(user=bob).exists()
    assert in_private.press() == (200, YOURS)
    assert Escalation.objects.get().acknowledged_by == alice


def test_the_timeline_says_where_it_was_taken(in_private: Chat, incident: Incident, alice: User) -> None:
    in_private.press()
    while bus.deliver_due():
        pass
    entry = TimelineEntry.objects.get(incident=incident, text__contains="#ops-alerts by")
    assert (entry.text, entry.actor) == ("Acknowledged in #ops-alerts by Alice Example", alice)


def test_what_was_taken_before_there_was_an_incident_is_on_its_timeline_once(in_slack: Chat) -> None:
    in_slack.press()
    incident = cast.incident()
    alert = Alert.objects.get()
    Alert.objects.update(incident=incident)
    for _ in range(2):
        operations.carry_over(alert.pk)
    entry = TimelineEntry.objects.get(incident=incident, text__contains="#ops-alerts by")
    assert entry.text == "Acknowledged in #ops-alerts by Alice Example"
    assert entry.at == Page.objects.get().ended_at


def test_what_became_private_meanwhile_loses_its_buttons(
    in_slack: Chat, incident: Incident, bob: User
) -> None:
    Alert.objects.update(incident=incident)
    link(bob, "slack", BOBS["slack"])
    assert "only those who are part of it" in in_slack.press(by=BOBS["slack"])[1]
    assert untouched()
    in_slack.press(verb="pass")
    go_on()
    assert in_slack.text.startswith("Passed on: it is private now")
    assert in_slack.offered == []


def test_what_is_over_is_taken_by_nobody(in_slack: Chat, bob: User) -> None:
    operations.resolve(alert=Alert.objects.get(), actor=bob)
    assert in_slack.press() == (200, "Nothing to do: it is over.")
    assert in_slack.press(verb="pass") == (200, "Nothing was done: this page is over.")
    assert (Alert.objects.get().status, Page.objects.get().answer) == ("resolved", "")
    go_on()
    assert (in_slack.text.startswith("Resolved by Bob Example"), in_slack.offered) == (True, [])


def test_what_was_given_back_can_be_taken_there_again(in_slack: Chat, alice: User) -> None:
    in_slack.press()
    operations.unacknowledge(alert=Alert.objects.get(), actor=alice)
    go_on()
    assert (in_slack.text.startswith(TITLE), in_slack.offered) == (True, ["Acknowledge", "Pass on"])
    in_slack.remember()
    assert in_slack.press() == (200, YOURS)
    taken = "Acknowledged in #ops-alerts by Alice Example"
    assert Page.objects.get().answer == f"{taken}. {taken}"


def test_one_of_several_is_told_how_many_more(in_slack: Chat) -> None:
    Escalation.objects.update(acks_needed=2)
    assert in_slack.press() == (200, "Acknowledged: 1 of 2 acknowledged, waiting for one more.")
    assert Escalation.objects.get().status == "escalating"
    assert Page.objects.get().answer == "Acknowledged in #ops-alerts by Alice Example"


def test_a_channel_that_was_removed_is_no_room(in_slack: Chat) -> None:
    Page.objects.update(destination=None)
    assert in_slack.press() == (200, "Nothing was done: open the link in the message.")
    assert Escalation.objects.get().status == "escalating"


def test_the_ledger_says_who_pressed_where(in_slack: Chat, client: Client, alice: User) -> None:
    in_slack.press()
    alert = Alert.objects.get()
    cast.sign_in(client, alice)
    said = "Acknowledged in #ops-alerts by Alice Example."
    assert said in client.get(f"/alerts/{alert.pk}/").content.decode()
    assert said in client.get(f"/pages/?alert={alert.pk}").content.decode()
    assert said[:-1] in client.get(f"/pages/export.csv?alert={alert.pk}").content.decode()
    (line,) = cast.caller(alice).get(f"/api/v1/pages/?alert={alert.pk}").data["results"]
    assert (line["channel"], line["answer"]) == ("#ops-alerts", said[:-1])


# What a button carries proves nothing


def test_what_a_button_in_a_room_carries_opens_nothing(in_slack: Chat, client: Client) -> None:
    token = in_slack.pressed["slack"]["ack"]["value"]
    assert (tokens.parse(token), tokens.parse_digest(token)) == (None, None)
    assert client.get(f"/p/{token}/").status_code == 404
    assert client.post(f"/p/{token}/", {"action": "acknowledge"}).status_code == 404
    for reply in (
        Reply(channel="email", token=token, words="ack"),
        Reply(channel="telegram", sender=telegram.CHAT, token=token, words="ack"),
        Reply(channel="slack", sender=slack.MEMBER, token=token[:-1] + "0", words="ack"),
    ):
        assert replies.hear(reply) is None
    assert untouched()


def test_a_list_of_mail_gets_no_address_that_acknowledges(smtp: Smtp, settings: Settings) -> None:
    settings.MAIL_REPLY_DOMAIN = "pages.example.com"
    lists = channels.add(name="list", channel="email", address="list@example.com", actor=None)[0]
    cast.escalation(cast.alert(), cast.policy((600, [lists])))
    go_on()
    (mail,) = smtp.mails
    assert "/alerts/" in mail.text
    assert "ack+" not in mail.message.as_string()


def test_what_no_service_signed_changes_nothing(room: Chat) -> None:
    pressed, client = room.pressed[room.kind], room.client
    if room.kind == "slack":
        for wrong in ({"secret": "another"}, {"at": time.time() - 301}, {"change": b"&x=y"}):
            assert slack.press(client, pressed["ack"], **wrong).status_code == 403
    if room.kind == "telegram":
        assert telegram.press(client, pressed["Acknowledge"], secret="another").status_code == 403
    if room.kind == "discord":
        forged = "00" * 64
        answer = discord.press(client, pressed["Acknowledge"], in_server=True, signature=forged)
        assert answer.status_code == 401
    if room.kind == "mattermost":
        at = f"/callbacks/mattermost/page-1-0-{'a' * 26}/"
        assert mattermost.press(client, pressed["ack"], at=at).status_code == 404
    assert untouched()


def test_a_press_that_is_played_again_takes_nothing_back(in_slack: Chat, alice: User) -> None:
    button, at = in_slack.pressed["slack"]["ack"], time.time()
    assert slack.press(in_slack.client, button, at=at, number=1).status_code == 200
    operations.unacknowledge(alert=Alert.objects.get(), actor=alice)
    assert slack.press(in_slack.client, button, at=at, number=1).status_code == 403
    assert Alert.objects.get().status == "triggered"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_press_at_once_one_has_it(alice: User, bob: User, settings: Settings) -> None:
    settings.TELEGRAM_BOT_TOKEN = telegram.TOKEN
    link(alice, "telegram", telegram.CHAT)
    link(bob, "telegram", BOBS["telegram"])
    policy = cast.policy((600, [ops("telegram")]), (600, [alice]))
    for n in range(3):
        alert = cast.alert(f"Alert {n}")
        running = cast.escalation(alert, policy)
        operations.advance_due()
        page = running.pages.get()

        def press(account: str, page: Page = page) -> Result | None:
            reply = Reply(channel="telegram", sender=account, token=tokens.room(page), words="ack")
            return replies.hear(reply)

        words = {
            result.words
            for result in together(lambda: press(telegram.CHAT), lambda: press(BOBS["telegram"]))
            if isinstance(result, Result)
        }
        alert.refresh_from_db()
        page.refresh_from_db()
        assert words == {YOURS, f"Nothing to do: {alert.acknowledged_by} has it."}
        assert page.answer == f"Acknowledged in #ops-alerts by {alert.acknowledged_by}"
