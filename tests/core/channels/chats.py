"""The chats that are tested side by side: how each is set up, and how a post of it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.core.channels.servers import discord, mattermost, slack, telegram

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.core.channels.servers.service import Service


@dataclass(frozen=True, slots=True)
class Kind:
    """A chat: a person's address, a room's, that of a webhook ("" where there are none), and what a post shows."""

    name: str
    make: Callable[[], Service]
    person: str
    room: str
    hook: str
    text: Callable[[dict[str, Any]], str]
    answers: Callable[[dict[str, Any]], list[str]]
    is_fixed: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "slack",
            slack.Slack,
            slack.MEMBER,
            slack.ROOM,
            "/services/T0/B0/secret",
            slack.words,
            lambda post: [one["text"]["text"] for one in slack.buttons(post).values() if "value" in one],
        ),
        Kind(
            "telegram",
            telegram.Telegram,
            telegram.CHAT,
            telegram.GROUP,
            "",
            lambda post: post["text"],
            lambda post: list(telegram.buttons(post)),
        ),
        Kind(
            "mattermost",
            mattermost.Mattermost,
            "@alice",
            mattermost.CHANNEL,
            "/hooks/secret",
            lambda post: "{title}\n{text}".format(**mattermost.attachment(post)),
            lambda post: [action["name"] for action in mattermost.actions(post).values()],
        ),
        Kind(
            "discord",
            discord.Discord,
            f"@{discord.USER}",
            discord.ROOM,
            discord.HOOK,
            lambda post: post["content"],
            lambda post: list(discord.buttons(post)),
            is_fixed=False,
        ),
    )
}


def set_up(settings: Settings, kind: str, service: Service) -> None:
    """Let the product talk to a stand-in as to the service."""
    values = {
        "slack": {
            "SLACK_URL": service.url,
            "SLACK_BOT_TOKEN": slack.TOKEN,
            "SLACK_SIGNING_SECRET": slack.SECRET,
        },
        "telegram": {"TELEGRAM_URL": service.url, "TELEGRAM_BOT_TOKEN": telegram.TOKEN},
        "mattermost": {"MATTERMOST_URL": service.url, "MATTERMOST_TOKEN": mattermost.TOKEN},
        "discord": {
            "DISCORD_URL": service.url,
            "DISCORD_BOT_TOKEN": discord.TOKEN,
            "DISCORD_PUBLIC_KEY": discord.PUBLIC_KEY,
        },
    }
    for name, value in values[kind].items():
        setattr(settings, name, value)
