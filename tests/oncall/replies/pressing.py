"""Buttons as people press them in the chats that are tested side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.outbox import sending
from oncall.escalation import operations
from tests.core.channels.chats import KINDS
from tests.core.channels.servers import discord, mattermost, slack, telegram
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.core.channels.servers.service import Service

YOURS = "Acknowledged: you have it. Nobody else will be asked."


class Chat:
    """Somebody was told in a chat; `press` posts that a button was pressed there and gives what whoever did is told."""

    def __init__(self, kind: str, client: Client, service: Service, *, in_room: bool = False) -> None:
        self.kind, self.client, self.service, self.in_room = kind, client, service, in_room
        self.pressed: dict[str, Any] = {}

    @property
    def post(self) -> dict[str, Any]:
        return next(iter(self.service.posts.values()))

    def press(self, *, verb: str = "ack", by: str = "") -> tuple[int, str]:
        words = {"ack": "Acknowledge", "pass": "Pass on"}[verb]
        if isinstance(self.service, slack.Slack):
            self.service.answers.clear()
            at = f"{self.service.url}/actions/answer"
            button = self.pressed["slack"][verb]
            answer = slack.press(self.client, button, by=by or slack.MEMBER, answer_at=at)
            return answer.status_code, "".join(self.service.answers)
        how: dict[str, Callable[[], Any]] = {
            "telegram": lambda: telegram.press(
                self.client, self.pressed["telegram"][words], by=by or telegram.CHAT
            ),
            "discord": lambda: discord.press(
                self.client,
                self.pressed["discord"][words],
                by=by or discord.USER,
                in_server=self.in_room,
            ),
            "mattermost": lambda: mattermost.press(
                self.client, self.pressed["mattermost"][verb], by=by or "alice"
            ),
        }
        answer = how[self.kind]()
        told = answer.json()
        said = {"telegram": "text", "mattermost": "ephemeral_text"}.get(self.kind)
        return answer.status_code, told[said] if said else told["data"]["content"]

    def remember(self) -> None:
        """Keep the buttons, which go when the message is changed."""
        read = {
            "slack": slack.buttons,
            "telegram": telegram.buttons,
            "discord": discord.buttons,
            "mattermost": mattermost.actions,
        }[self.kind]
        self.pressed = {self.kind: read(self.post)}

    @property
    def text(self) -> str:
        return KINDS[self.kind].text(self.post).replace("\\", "").replace("**", "")

    @property
    def offered(self) -> list[str]:
        """The answers that the message offers now."""
        return KINDS[self.kind].answers(self.post)


STRANGER = {"slack": "U0STRANGER", "telegram": "815", "discord": "80351110224670000", "mattermost": "mallory"}


def go_on() -> None:
    drain()
    sending.send_due()
    while operations.edit_due():
        sending.send_due()
