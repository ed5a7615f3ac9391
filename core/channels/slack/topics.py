"""Slack: our part of a channel's topic, and a user group that holds certain members."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from core.channels import registry, topics
from core.channels.registry import Permanent, Sent
from core.channels.slack import transport

if TYPE_CHECKING:
    from core.channels.registry import Delivery

TOPIC, GROUP = "slack_topic", "slack_group"
LONGEST = 250

_GROUP = re.compile(r"S[A-Z0-9]{6,20}")
_MEMBER = re.compile(r"[UW][A-Z0-9]{6,20}")


def has_topic(address: str) -> bool:
    """Whether an address is a channel's, and there is a bot that may write its topic."""
    return address[:1] in "CG" and transport.has_bot()


def send_topic(delivery: Delivery) -> Sent:
    """Write our part where it is not right already: Slack posts a line about each change."""
    ours = topics.parts(delivery, transport.escaped)
    told = transport.ask("conversations.info", {"channel": delivery.address}, delivery, reads=True)
    channel = told.get("channel")
    topic = channel.get("topic") if isinstance(channel, dict) else None
    now = str(topic.get("value") or "") if isinstance(topic, dict) else ""
    wanted = topics.replaced(now, ours, longest=LONGEST, size=lambda text: len(html.unescape(text)))
    if wanted != now:
        said = {"channel": delivery.address, "topic": wanted}
        transport.ask("conversations.setTopic", said, delivery, repeats=True)
    return Sent()


def check_group(address: str) -> str:
    """A user group's ID. Raise ValueError for anything else."""
    given = address.strip().upper()
    if not _GROUP.fullmatch(given):
        raise ValueError("Enter the ID of a user group, like S012AB3CD.")
    return given


def is_member(address: str) -> bool:
    """Whether an address is a member's, who can be in a group."""
    return _MEMBER.fullmatch(address) is not None


def send_group(delivery: Delivery) -> Sent:
    """Let the group hold exactly these members, where it does not already."""
    members = delivery.content.data.get("members")
    if not isinstance(members, list) or not members:
        raise Permanent("a group of Slack holds somebody")
    told = transport.ask("usergroups.users.list", {"usergroup": delivery.address}, delivery, reads=True)
    users = told.get("users")
    if not isinstance(users, list) or {str(each) for each in users} != set(members):
        said = {"usergroup": delivery.address, "users": ",".join(members)}
        transport.ask("usergroups.users.update", said, delivery, repeats=True)
    return Sent()


for kind, name, send, check in (
    (TOPIC, "Slack topic", send_topic, transport.check_address),
    (GROUP, "Slack user group", send_group, check_group),
):
    registry.register(
        registry.Channel(
            kind=kind,
            name=name,
            check_address=check,
            hint=transport.hint if kind == TOPIC else str,
            send=send,
            is_ready=transport.has_bot,
            is_offered=False,
            is_sealed=kind == TOPIC,
        )
    )
