"""The mails about alarms, as the outbox asks for them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.accounts.models import User
from core.outbox.registry import Client, Content
from core.watch import operations

if TYPE_CHECKING:
    from core.outbox.models import Message
    from core.outbox.registry import Outcome

log = logging.getLogger(__name__)

ENDS_BADLY = {"failed", "unknown", "expired"}


def guard(messages: Sequence[Message]) -> Mapping[int, str]:
    """Hold back mails to people who left."""
    active = set(
        User.objects.active().filter(pk__in=[m.user_id for m in messages]).values_list("pk", flat=True)
    )
    return {message.pk: "the account is closed" for message in messages if message.user_id not in active}


def render(message: Message) -> Content:
    """Give the words as they were written."""
    said = message.content
    return Content(said["subject"], said["text"], url=said["url"])


def listener(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when an admin could not even be told."""
    for outcome in outcomes:
        if outcome.state in ENDS_BADLY:
            log.critical("the alarm %s did not reach user %s", outcome.subject_id, outcome.user_id)


CLIENT = Client(operations.CLIENT, guard, render, listener)
