"""Our part of a channel's topic, beside what others wrote there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from core.channels import registry, topics
from core.channels.registry import Content, Delivery, Permanent, ProviderRefused, Temporary
from core.channels.topics import Part
from core.net import http
from tests.core.channels import services
from tests.core.channels.chats import set_up
from tests.core.channels.servers import mattermost, slack

if TYPE_CHECKING:
    from pytest_django import Settings

KEY = "Platform on call:"
ANA = f"{KEY} Ana (until Mon 09:00)"
BO = f"{KEY} Bo"


@pytest.mark.parametrize(
    ("topic", "part", "wanted"),
    [
        ("", Part(KEY, [ANA]), ANA),
        ("Ask in #help", Part(KEY, [ANA]), f"Ask in #help | {ANA}"),
        (f"Ask in #help | {BO}", Part(KEY, [ANA], [BO]), f"Ask in #help | {ANA}"),
        (f"{BO} | Ask in #help", Part(KEY, [ANA], [BO]), f"{ANA} | Ask in #help"),
        # Somebody changed our words, or wrote beside them.
        (f"A | {KEY} Cleo, I think | B", Part(KEY, [ANA], [BO]), f"A | {ANA} | B"),
        (f"{BO}, else ask #help", Part(KEY, [ANA], [BO]), f"{ANA}, else ask #help"),
        (f"{KEY} Bo\nSecond line | x", Part(KEY, [ANA]), f"{ANA}\nSecond line | x"),
        # The schedule has another name now.
        ("Old on call: Bo | B", Part(KEY, [ANA], ["Old on call: Bo"]), f"{ANA} | B"),
        # Another schedule's part is not ours.
        ("My Platform on call: Bo", Part(KEY, [ANA]), f"My Platform on call: Bo | {ANA}"),
        # It is taken out, with what parted it.
        (f"A | {BO} | B", Part(KEY, [], [BO]), "A | B"),
        (f"{BO} | B", Part(KEY, [], [BO]), "B"),
        (BO, Part(KEY, [], [BO]), ""),
        ("A | B", Part(KEY, [], [BO]), "A | B"),
    ],
)
def test_only_our_part_is_replaced(topic: str, part: Part, wanted: str) -> None:
    found = topics.replaced(topic, [part], longest=250)
    assert found == wanted
    again = Part(part.key, part.words, part.words)
    assert topics.replaced(found, [again], longest=250) == found


def test_where_there_is_less_room_it_is_shorter_and_what_others_wrote_stays_whole() -> None:
    part = Part(KEY, [ANA, BO])
    assert topics.replaced("x" * 20, [part], longest=20 + 3 + len(BO)) == f"{'x' * 20} | {BO}"
    with pytest.raises(Permanent, match="leaves no room: 30 letters are the most"):
        topics.replaced("x" * 20, [part], longest=30)


def _delivery(address: str, *names: str, was: str = "") -> Delivery:
    parts = [
        {"key": KEY, "words": [f"{KEY} {', '.join(names)}"] if names else [], "was": [was] if was else []}
    ]
    return Delivery("t-1", address, "", Content("Who is on call", "", data={"parts": parts}), timeout=20)


@pytest.fixture
def chat(settings: Settings) -> Iterator[slack.Slack]:
    found = slack.Slack().start()
    set_up(settings, "slack", found)
    yield found
    found.stop()
    http.hang_up()


def _methods(server: slack.Slack) -> list[str]:
    return [call.path.partition("?")[0].removeprefix("/api/") for call in server.calls]


class TestSlack:
    def test_a_topic_that_is_right_is_not_written_again(self, chat: slack.Slack) -> None:
        chat.topics[slack.ROOM] = "Ask in <https://example.com|help> &amp; wait"
        send = registry.get("slack_topic").send
        send(_delivery(slack.ROOM, "Ana"))
        assert chat.topics[slack.ROOM] == f"Ask in <https://example.com|help> &amp; wait | {KEY} Ana"
        send(_delivery(slack.ROOM, "Ana"))
        assert _methods(chat) == ["conversations.info", "conversations.setTopic", "conversations.info"]

    def test_a_name_calls_nobody_and_is_no_link(self, chat: slack.Slack) -> None:
        registry.get("slack_topic").send(
            _delivery(slack.ROOM, "<!channel>", "<https://evil.example|x>", "@here")
        )
        assert "<" not in chat.topics[slack.ROOM]
        assert "@here" not in chat.topics[slack.ROOM]
        assert "&lt;!channel&gt;" in chat.topics[slack.ROOM]

    def test_its_refusals_are_told_apart(self, chat: slack.Slack) -> None:
        send = registry.get("slack_topic").send
        chat.errors = {"conversations.setTopic": "not_in_channel"}
        with pytest.raises(Permanent, match="not_in_channel"):
            send(_delivery(slack.ROOM, "Ana"))
        chat.errors = {"conversations.info": "missing_scope"}
        with pytest.raises(ProviderRefused, match="missing_scope"):
            send(_delivery(slack.ROOM, "Ana"))
        chat.fail(429, {"Retry-After": "30"})
        with pytest.raises(Temporary) as refused:
            send(_delivery(slack.ROOM, "Ana"))
        assert refused.value.retry_after == 30

    def test_a_message_without_words_for_it_writes_nothing(self, chat: slack.Slack) -> None:
        with pytest.raises(Permanent, match="nothing to write"):
            registry.get("slack_topic").send(Delivery("t-1", slack.ROOM, "", Content("Watchbill", "x")))
        assert chat.calls == []

    def test_a_group_holds_exactly_these_members(self, chat: slack.Slack) -> None:
        chat.groups["S012AB3CD"] = ["U0000000X", "U0000000B"]
        content = Content("Who is on call", "", data={"members": ["U0000000A", "U0000000B"]})
        delivery = Delivery("g-1", "S012AB3CD", "", content, timeout=20)
        for _ in range(2):
            registry.get("slack_group").send(delivery)
        assert chat.groups["S012AB3CD"] == ["U0000000A", "U0000000B"]
        update, *_ = [method for method in _methods(chat) if method.endswith("update")]
        assert (update, len(chat.calls)) == ("usergroups.users.update", 3)
        empty = Delivery("g-2", "S012AB3CD", "", Content("", "", data={"members": []}))
        with pytest.raises(Permanent, match="holds somebody"):
            registry.get("slack_group").send(empty)


def test_mattermost_has_a_header(settings: Settings) -> None:
    server = mattermost.Mattermost().start()
    set_up(settings, "mattermost", server)
    server.header = "Ask **us**"
    for _ in range(2):
        registry.get("mattermost_topic").send(_delivery(mattermost.CHANNEL, "[Ana](https://evil.example)"))
    assert server.header == rf"Ask **us** | {KEY} \[Ana\]\(https://evil.example\)"
    assert [call.method for call in server.calls] == ["GET", "PUT", "GET"]
    server.stop()
    http.hang_up()


def test_matrix_has_a_topic_once_the_account_has_joined(serve: Callable[[type[Any]], Any]) -> None:
    server = serve(services.Matrix)
    for _ in range(2):
        registry.get("matrix_topic").send(_delivery(services.Matrix.ROOM, "Ana"))
    assert server.topic == f"{KEY} Ana"
    assert [call.method for call in server.calls] == ["POST", "PUT", "GET"]
    registry.get("matrix_topic").send(_delivery(services.Matrix.ROOM, was=f"{KEY} Ana"))
    assert server.topic == ""
