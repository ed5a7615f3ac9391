"""The canary of mail: a real one to an address that nobody reads, through the outbox as any other."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils.crypto import salted_hmac

from core.callbacks import mail
from core.outbox import operations as outbox
from core.outbox import registry as senders
from core.outbox.models import Lane, State
from core.outbox.registry import Client, Content, Outcome
from core.watch import registry, trials
from core.watch.registry import Check, Chore
from core.watch.rules import Grade, Reading

if TYPE_CHECKING:
    from core.outbox.models import Message

KIND = "mail"
CLIENT = "watch.mail"
NOT_AFTER_SECONDS = 600
WORDS = trials.Words(
    "test mail",
    "The mail server",
    "in by mail",
    "See that the server in EMAIL_URL answers and takes mail for CANARY_MAIL_TO; the pager's log says what failed.",
)
_SUBJECT = re.compile(r"Canary mail (\d+) ([0-9a-f]{16})")


def send() -> None:
    """Send the test mail of this quarter of an hour, if there is somewhere to send it and nobody has."""
    if not settings.CANARY_MAIL_TO:
        return
    with transaction.atomic():
        slot = trials.begin(KIND)
        if slot is None:
            return
        outbox.put(
            [
                outbox.NewMessage(
                    key=f"canary-mail-{slot}",
                    client=CLIENT,
                    subject_id=slot,
                    lane=Lane.PEOPLE,
                    channel="email",
                    address=settings.CANARY_MAIL_TO,
                    content={
                        "subject": subject(slot),
                        "text": "Watchbill sends this every 15 minutes to see that mail leaves. Nobody has to read it.",
                    },
                    not_after_seconds=NOT_AFTER_SECONDS,
                )
            ]
        )


def subject(slot: int) -> str:
    """The subject of a test mail, which nobody else can write."""
    return f"Canary mail {slot} {_mark(slot)}"


def _mark(slot: int) -> str:
    return salted_hmac("core.watch.mail", str(slot), algorithm="sha256").hexdigest()[:16]


def listener(outcomes: Sequence[Outcome]) -> None:
    """Note what the mail server said."""
    for outcome in outcomes:
        if outcome.state in (State.ACCEPTED, State.DELIVERED):
            trials.note_taken(KIND, outcome.subject_id)
        else:
            trials.note_error(KIND, outcome.subject_id, outcome.detail)


def take(content: bytes) -> str:
    """Note that a test mail came in; the line that answers it. Whoever else writes here is told that it is nothing."""
    found = _SUBJECT.fullmatch(
        str(message_from_bytes(content, policy=policy.default).get("Subject", "")).strip()
    )
    if found is None or not hmac.compare_digest(found[2], _mark(int(found[1]))):
        return mail.NOWHERE
    try:
        trials.note_back(KIND, int(found[1]))
    except Error:
        return mail.LATER
    finally:
        connection.close()
    return mail.TAKEN.format("Taken")


def comes_back() -> bool:
    """Whether the test mail is sent to the product's own mail receiver."""
    domain = settings.CANARY_MAIL_TO.rpartition("@")[2].lower()
    return bool(domain) and domain == settings.MAIL_REPLY_DOMAIN


def look() -> Reading:
    """Whether mail leaves, and comes in where it is sent to ourselves."""
    if settings.CANARY_MAIL_TO:
        return trials.judge(trials.lately(KIND), WORDS, comes_back=comes_back())
    if not settings.PRODUCTION:
        return Reading(grade=Grade.GOOD, text="No test mail is sent: CANARY_MAIL_TO is for production.")
    return Reading(
        grade=Grade.WARN,
        text="Nobody would notice that mail no longer leaves until a page fails.",
        advice="Set CANARY_MAIL_TO to an address that nobody reads.",
    )


def _guard(_messages: Sequence[Message]) -> Mapping[int, str]:
    return {}


def _render(message: Message) -> Content:
    return Content(message.content["subject"], message.content["text"])


def register() -> None:
    """Send it, hear of it, look at it."""
    senders.register(Client(CLIENT, _guard, _render, listener))
    mail.add_mailbox(lambda: settings.CANARY_MAIL_TO, take)
    registry.add_chore(Chore("the test mail", 20, send))
    registry.add(
        Check(
            name="mail", title="Mail", order=8, look=look, asks_database=lambda: bool(settings.CANARY_MAIL_TO)
        )
    )
