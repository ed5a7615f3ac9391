"""What every chat must do alike, each against a server that speaks its protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.channels import registry
from core.channels.registry import Content, Delivery, Permanent, ProviderRefused, Temporary, Unknown
from core.net import http
from tests.core.channels.chats import KINDS, Kind, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.core.channels.servers.service import Service

URL = "https://watchbill.example/p/1f-00/"
TOKEN = "1f-0123456789abcdef-abcdefghijklmnopqrstuvwxyz"
CONTENT = Content(
    "Payments: error rate above 5%",
    f"Error rate\n\nHigh urgency. Since 02:31 UTC.\n\nOpen, acknowledge or pass on: {URL}",
    url=URL,
    code="471100",
    token=TOKEN,
)
OVER = Content(
    "Acknowledged by Alice: Payments",
    f"x\n\nNobody else is asked.\n\nOpen: {URL}",
    url=URL,
    data={"state": "acknowledged"},
)


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def service(kind: Kind, settings: Settings) -> Iterator[Service]:
    found = kind.make().start()
    set_up(settings, kind.name, found)
    yield found
    found.stop()
    http.hang_up()


def _delivery(address: str, content: Content = CONTENT, *, timeout: float = 20) -> Delivery:
    return Delivery("page-1-0", address, "", content, timeout=timeout)


def _change(
    kind: Kind, provider_id: str, content: Content, *, address: str = "", timeout: float = 20
) -> None:
    edit = registry.get(kind.name).edit
    assert edit is not None
    delivery = replace(_delivery(address or kind.person, content, timeout=timeout), key="edit-1")
    edit(replace(delivery, provider_id=provider_id))


def test_it_arrives_with_its_words_its_link_and_its_buttons(kind: Kind, service: Service) -> None:
    sent = registry.get(kind.name).send(_delivery(kind.person))
    ((name, post),) = service.posts.items()
    assert sent.provider_id.endswith(name)
    text = kind.text(post).replace("\\", "")
    assert text.startswith(("Payments: error rate above 5%", "**Payments: error rate above 5%**"))
    assert "High urgency. Since 02:31 UTC." in text
    assert URL in str(post)
    assert kind.answers(post) == ["Acknowledge", "Pass on"]
    assert TOKEN in str(post)


def test_it_is_changed_where_it_stands_and_loses_its_buttons(kind: Kind, service: Service) -> None:
    sent = registry.get(kind.name).send(_delivery(kind.person))
    _change(kind, sent.provider_id, OVER)
    _change(kind, sent.provider_id, OVER)
    (post,) = service.posts.values()
    assert "Acknowledged by Alice: Payments" in kind.text(post)
    assert kind.answers(post) == []
    assert URL in str(post)


def test_in_a_room_it_carries_buttons_of_the_room_alone(kind: Kind, service: Service) -> None:
    channel, room = registry.get(kind.name), replace(CONTENT, room="1f-the-room")
    assert channel.hears(kind.room)
    channel.send(_delivery(kind.room, room))
    (post,) = service.posts.values()
    assert kind.answers(post) == ["Acknowledge", "Pass on"]
    assert "1f-the-room" in str(post)
    assert TOKEN not in str(post)
    channel.send(_delivery(kind.room))
    *_, own = service.posts.values()
    assert kind.answers(own) == []


def test_where_we_are_not_told_of_presses_there_is_no_button(
    kind: Kind, service: Service, settings: Settings
) -> None:
    settings.SLACK_SIGNING_SECRET = settings.DISCORD_PUBLIC_KEY = ""
    channel = registry.get(kind.name)
    channel.send(_delivery(kind.room, replace(CONTENT, room="1f-the-room")))
    (post,) = service.posts.values()
    assert channel.hears(kind.room) is (kind.name in ("telegram", "mattermost"))
    assert (kind.answers(post) != []) is channel.hears(kind.room)


def test_without_an_answer_to_give_it_has_no_button(kind: Kind, service: Service) -> None:
    registry.get(kind.name).send(_delivery(kind.person, Content("x is your code", "x\n\nEnter this code: x")))
    (post,) = service.posts.values()
    assert kind.answers(post) == []
    assert "Enter this code: x" in kind.text(post)


def test_an_alert_calls_nobody_and_draws_nothing(kind: Kind, service: Service) -> None:
    evil = "@here <!channel> <@U1> @everyone *b* [x](https://evil.example) <https://evil.example|y> \u202eabc"
    registry.get(kind.name).send(_delivery(kind.person, Content(evil, f"head\n\n{evil}", url=URL)))
    (post,) = service.posts.values()
    text = kind.text(post)
    for call in ("@here", "@everyone", "@U1", "\u202e"):
        assert call not in text
    if kind.name in ("discord", "mattermost"):
        for mark in (" *b*", " [x](", " <https", " <!channel>"):
            assert mark not in text
    if kind.name == "discord":
        assert post["allowed_mentions"] == {"parse": []}
    if kind.name == "slack":
        assert post["text"].startswith("@\u200bhere &lt;!channel&gt; &lt;@\u200bU1&gt;")
        assert {block["text"]["type"] for block in post["blocks"] if "text" in block} == {"plain_text"}
    if kind.name == "telegram":
        assert "parse_mode" not in post


def test_too_many_requests_are_waited_for_as_long_as_it_says(kind: Kind, service: Service) -> None:
    service.fail(429, {"Retry-After": "30"})
    with pytest.raises(Temporary, match="HTTP 429") as later:
        registry.get(kind.name).send(_delivery(kind.person))
    assert later.value.retry_after == 30
    with pytest.raises(Temporary):
        _change(kind, "1/1" if kind.name in ("slack", "discord") else "1", OVER)


def test_an_error_of_its_own_is_for_now(kind: Kind, service: Service) -> None:
    service.fail(500)
    with pytest.raises(Temporary, match="HTTP 500"):
        registry.get(kind.name).send(_delivery(kind.person))


def test_no_answer_may_mean_that_it_arrived(kind: Kind, service: Service) -> None:
    service.hang()
    with pytest.raises((Unknown, Temporary), match="no answer within"):
        registry.get(kind.name).send(_delivery(kind.person, timeout=0.2))


def test_nobody_at_home_is_for_now(kind: Kind, service: Service) -> None:
    service.stop()
    with pytest.raises(Temporary, match="no connection"):
        registry.get(kind.name).send(_delivery(kind.person))


def test_a_token_that_is_refused_is_our_fault_and_is_not_told(
    kind: Kind, service: Service, settings: Settings
) -> None:
    for name in ("SLACK_BOT_TOKEN", "TELEGRAM_BOT_TOKEN", "MATTERMOST_TOKEN", "DISCORD_BOT_TOKEN"):
        setattr(settings, name, "99:an-old-one")
    with pytest.raises(ProviderRefused) as refused:
        registry.get(kind.name).send(_delivery(kind.person))
    assert "an-old-one" not in str(refused.value)
    assert service.posts == {}


def test_without_a_bot_only_webhooks_are_offered(kind: Kind, settings: Settings) -> None:
    channel = registry.get(kind.name)
    with pytest.raises(ProviderRefused, match="there is no"):
        channel.send(_delivery(kind.person))
    if kind.name == "telegram":
        assert not channel.is_ready()
        return
    with pytest.raises(ValueError, match="there is no bot"):
        channel.check_address(kind.person)
    assert channel.check_address("https://hooks.example/x") == "https://hooks.example/x"


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.hook], ids=lambda kind: kind.name)
def test_a_webhook_carries_the_link_and_no_button(kind: Kind, service: Service) -> None:
    channel, address = registry.get(kind.name), service.url + kind.hook
    assert not channel.hears(address)
    sent = channel.send(_delivery(channel.check_address(address), replace(CONTENT, room="1f-the-room")))
    (post,) = service.posts.values()
    assert kind.answers(post) == []
    assert URL in str(post)
    assert "error rate above 5%" in kind.text(post).replace("\\", "")
    assert registry.can_edit(kind.name, address) is not kind.is_fixed
    if kind.is_fixed:
        assert sent.provider_id == ""
        return
    _change(kind, sent.provider_id, OVER, address=address)
    assert "Acknowledged by Alice" in kind.text(*service.posts.values())


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.hook], ids=lambda kind: kind.name)
def test_a_webhook_into_our_own_network_is_not_called(
    kind: Kind, service: Service, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = []
    with pytest.raises(Permanent, match="cannot be called"):
        registry.get(kind.name).send(_delivery(service.url + kind.hook))
    with pytest.raises(ValueError, match=r"private network|Port"):
        registry.get(kind.name).check_address(service.url + kind.hook)


def test_an_address_is_checked_and_masked(kind: Kind, service: Service) -> None:
    channel = registry.get(kind.name)
    assert channel.check_address(f" {kind.person} ") == kind.person
    assert kind.person not in channel.hint(kind.person)
    for wrong in ("", "#general", "alice bob", "@", "../x", "0"):
        with pytest.raises(ValueError, match="Enter "):
            channel.check_address(wrong)
    if kind.hook:
        assert channel.hint(f"https://hooks.example{kind.hook}") == "https://hooks.example/•••"


def test_what_may_have_arrived_is_marked(kind: Kind, service: Service) -> None:
    registry.get(kind.name).send(replace(_delivery(kind.person), resent=True))
    assert "(resent)" in kind.text(*service.posts.values()).replace("\\", "")


def test_a_long_message_fits(kind: Kind, service: Service) -> None:
    long = Content("t*" * 300, "h\n\n" + "*long* " * 2000, url=URL, code="1", token=TOKEN)
    registry.get(kind.name).send(_delivery(kind.person, long))
    post = next(iter(service.posts.values()))
    most = {"slack": 3200, "telegram": 4096, "mattermost": 16383, "discord": 2000}[kind.name]
    assert len(kind.text(post)) <= most
    assert URL in str(post)
