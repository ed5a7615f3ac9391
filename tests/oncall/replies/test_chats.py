"""Buttons pressed in chats: believed where the service says so, and only for the person who was paged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from core.callbacks.models import Heard
from core.net import http
from oncall.escalation.models import Escalation
from oncall.paging.models import ContactMethod
from tests import cast
from tests.core.channels.chats import KINDS, set_up
from tests.core.channels.servers import discord, mattermost, slack, telegram
from tests.oncall.replies.pressing import STRANGER, YOURS, Chat, go_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import Settings

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
TITLE = "Checkout API error rate above 5%"


def _paged(kind: str, client: Client, settings: Settings) -> Iterator[Chat]:
    service = KINDS[kind].make().start()
    set_up(settings, kind, service)
    ContactMethod.objects.create(
        user=cast.alice(), channel=kind, address=KINDS[kind].person, verified_at=timezone.now()
    )
    cast.escalation(cast.alert(), cast.policy((600, [_alice()]), (600, [cast.bob()])))
    go_on()
    chat = Chat(kind, client, service)
    chat.remember()
    yield chat
    service.stop()
    http.hang_up()


def _alice() -> User:
    return ContactMethod.objects.order_by("pk")[0].user


def _status() -> str:
    return Escalation.objects.get().status


@pytest.fixture(params=list(KINDS))
def chat(request: pytest.FixtureRequest, client: Client, settings: Settings) -> Iterator[Chat]:
    yield from _paged(request.param, client, settings)


@pytest.fixture
def in_slack(client: Client, settings: Settings) -> Iterator[Chat]:
    yield from _paged("slack", client, settings)


@pytest.fixture
def in_telegram(client: Client, settings: Settings) -> Iterator[Chat]:
    yield from _paged("telegram", client, settings)


@pytest.fixture
def in_discord(client: Client, settings: Settings) -> Iterator[Chat]:
    yield from _paged("discord", client, settings)


@pytest.fixture
def in_mattermost(client: Client, settings: Settings) -> Iterator[Chat]:
    yield from _paged("mattermost", client, settings)


def test_the_button_acknowledges_and_the_message_says_who_has_it(chat: Chat) -> None:
    assert chat.press() == (200, YOURS)
    assert _status() == "acknowledged"
    go_on()
    assert chat.text.startswith(f"Acknowledged by Alice Example: {TITLE}")
    assert len(chat.service.posts) == 1
    assert chat.press() == (200, YOURS)


def test_nobody_else_can_press_it(chat: Chat) -> None:
    status, words = chat.press(by=STRANGER[chat.kind])
    assert (status, words) == (200, "Nothing was done: only Alice Example was paged here.")
    assert _status() == "escalating"


def test_who_left_can_press_nothing(chat: Chat) -> None:
    alice = _alice()
    alice.is_active = False
    alice.save()
    status, words = chat.press()
    assert status == 200
    assert words.startswith("Nothing was done")
    assert _status() == "escalating"


def test_passing_on_asks_the_next_level(chat: Chat) -> None:
    assert chat.press(verb="pass") == (200, "Passed on: the next level is asked now.")
    go_on()
    assert chat.text.startswith(f"Passed on: {TITLE}")
    assert chat.press(verb="pass")[1] == "Nothing was done: this page is over."


# What proves that a service calls


def test_slack_is_believed_by_its_signature_alone(in_slack: Chat) -> None:
    button, client = in_slack.pressed["slack"]["ack"], in_slack.client
    for wrong in (
        {"secret": "another"},
        {"at": time.time() - 301},
        {"at": time.time() + 301},
        {"change": b"&x=y"},
    ):
        assert slack.press(client, button, **wrong).status_code == 403
    assert client.post("/callbacks/slack/", {"payload": "{}"}).status_code == 403
    assert _status() == "escalating"


def test_without_a_signing_secret_slack_is_not_believed_and_shows_no_button(
    client: Client, settings: Settings
) -> None:
    settings.SLACK_SIGNING_SECRET = ""
    button = {"action_id": "ack", "value": "x"}
    assert slack.press(client, button, secret="").status_code == 403


def test_a_recorded_call_of_slack_does_nothing_when_it_is_played_again(in_slack: Chat) -> None:
    button, at = in_slack.pressed["slack"]["ack"], time.time()
    assert slack.press(in_slack.client, button, at=at, number=1).status_code == 200
    assert slack.press(in_slack.client, button, at=at, number=1).status_code == 403
    assert Heard.objects.count() == 1


def test_an_answer_goes_to_slack_and_nowhere_else(
    in_slack: Chat, webhook_sink: Any, settings: Settings
) -> None:
    settings.SLACK_URL = "https://slack.com"
    button = in_slack.pressed["slack"]["ack"]
    assert slack.press(in_slack.client, button, answer_at=webhook_sink.url).status_code == 200
    assert webhook_sink.requests == []
    assert _status() == "acknowledged"


def test_a_name_in_an_answer_calls_nobody_and_leads_nowhere(in_slack: Chat, webhook_sink: Any) -> None:
    alice = _alice()
    alice.name = "<!channel> & <https://evil.example|Open> @here"
    alice.save()
    at = webhook_sink.url.replace("/hook", "/answer")
    slack.press(in_slack.client, in_slack.pressed["slack"]["ack"], by=STRANGER["slack"], answer_at=at)
    (answer,) = (request.json["text"] for request in webhook_sink.requests)
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|Open&gt; @\u200bhere" in answer


def test_opening_the_link_is_no_answer(in_slack: Chat) -> None:
    button = in_slack.pressed["slack"]["open"]
    assert slack.press(in_slack.client, button).status_code == 200
    assert _status() == "escalating"


def test_telegram_is_believed_by_its_secret_alone(in_telegram: Chat) -> None:
    data = in_telegram.pressed["telegram"]["Acknowledge"]
    for wrong in ("", "another", "ä"):
        assert telegram.press(in_telegram.client, data, secret=wrong).status_code == 403
    assert _status() == "escalating"


def test_an_update_of_telegram_is_taken_once(in_telegram: Chat) -> None:
    data = in_telegram.pressed["telegram"]["Acknowledge"]
    assert telegram.press(in_telegram.client, data, number=77).json()["text"] == YOURS
    assert telegram.press(in_telegram.client, data, number=77).json() == {}


def test_the_bot_says_the_number_of_a_chat_and_nothing_else(in_telegram: Chat) -> None:
    def told(text: str) -> Any:
        message = {"chat": {"id": 4711000, "type": "private"}, "text": text}
        return telegram.update(in_telegram.client, message=message).json()

    assert told("/start")["text"] == "Your number for Watchbill is 4711000."
    assert told("/start@our_bot now")["chat_id"] == 4711000
    assert told("hello") == {}
    assert told("") == {}


def test_a_command_tells_telegram_where_to_report(
    in_telegram: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("telegram_webhook")
    assert isinstance(in_telegram.service, telegram.Telegram)
    assert in_telegram.service.webhook["url"] == "http://127.0.0.1:8000/callbacks/telegram/"
    assert len(in_telegram.service.webhook["secret_token"]) == 64
    assert "Telegram reports to" in capsys.readouterr().out


def test_discord_is_believed_by_its_signature_alone(in_discord: Chat) -> None:
    data = in_discord.pressed["discord"]["Acknowledge"]
    for wrong in (
        {"at": time.time() - 301},
        {"change": b" "},
        {"signature": "00" * 64},
        {"signature": "zz"},
        {"signature": "ä"},
    ):
        assert discord.press(in_discord.client, data, **wrong).status_code == 401
    assert _status() == "escalating"


def test_discord_is_answered_when_it_asks_whether_we_check(in_discord: Chat, settings: Settings) -> None:
    assert discord.interact(in_discord.client, {"type": 1}).json() == {"type": 1}
    assert discord.interact(in_discord.client, {"type": 2, "user": {"id": "1"}}).json() == {"type": 6}
    settings.DISCORD_PUBLIC_KEY = ""
    assert discord.interact(in_discord.client, {"type": 1}).status_code == 401


def test_a_recorded_call_of_discord_does_nothing_when_it_is_played_again(in_discord: Chat) -> None:
    data, at = in_discord.pressed["discord"]["Acknowledge"], time.time()
    assert discord.press(in_discord.client, data, at=at, number=1).status_code == 200
    assert discord.press(in_discord.client, data, at=at, number=1).status_code == 403


def test_mattermost_is_believed_at_the_address_that_it_alone_was_told(in_mattermost: Chat) -> None:
    action = in_mattermost.pressed["mattermost"]["ack"]
    at = f"/callbacks/mattermost/page-1-0-{'a' * 26}/"
    assert mattermost.press(in_mattermost.client, action, at=at).status_code == 404
    forged = {"integration": {**action["integration"], "context": {"token": "x", "words": "ack"}}}
    assert mattermost.press(in_mattermost.client, forged).status_code == 403
    assert _status() == "escalating"


@pytest.mark.parametrize("service", ["slack", "telegram", "discord"])
def test_nobody_reads_there(client: Client, service: str) -> None:
    assert client.get(f"/callbacks/{service}/").status_code == 405
