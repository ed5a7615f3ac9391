"""Answers by mail: the address says which page, the first word says what to do, the sender says nothing."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from html import unescape
from typing import TYPE_CHECKING

import nh3
from django.db import Error, connection

from core.callbacks import replies
from core.callbacks.replies import Reply
from core.channels.email import transport

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session

log = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
TAKEN = "250 2.0.0 {}"
NOWHERE = "550 5.1.1 No such address"
ONE_ONLY = "452 4.5.3 One recipient at a time"
IGNORED = "250 2.0.0 Ignored: it was sent automatically"
REFUSED = "550 5.7.1 {}"
UNCLEAR = "Nothing was done: begin your answer with the word ack, or open the link in the page"
LATER = "451 4.3.0 Try again later"

_AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From", "List-Id")
_BULK = {"bulk", "junk", "list", "auto_reply"}


_mailboxes: list[tuple[Callable[[], str], Callable[[bytes], str]]] = []


def add_mailbox(address: Callable[[], str], take: Callable[[bytes], str]) -> None:
    """Take mail to one more address ("" for none): `take` gets it whole and gives the line that answers it."""
    _mailboxes.append((address, take))


def _mailbox(recipient: str) -> Callable[[bytes], str] | None:
    wanted = recipient.strip().lower()
    return next((take for address, take in _mailboxes if wanted and address().lower() == wanted), None)


class Door:
    """Takes mail for pages, one recipient each; everything else is refused at once. aiosmtpd names its methods.

    Whoever answered in a way that did nothing gets the reason back from their own mail server.
    """

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say whether there is such an address."""
        if transport.token_of(address) is None and _mailbox(address) is None:
            return NOWHERE
        if envelope.rcpt_tos:
            return ONE_ONLY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Good"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Do what a mail says and tell what came of it."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if (mailbox := _mailbox(envelope.rcpt_tos[0])) is not None:
            return await asyncio.to_thread(mailbox, content)
        return await asyncio.to_thread(take, envelope.mail_from or "", envelope.rcpt_tos[0], content)


def take(sender: str, recipient: str, content: bytes) -> str:
    """Do what a mail says; the line that answers it."""
    message = message_from_bytes(content, policy=policy.default)
    if is_automatic(sender, message):
        return IGNORED
    try:
        token = transport.token_of(recipient) or ""
        result = replies.hear(Reply(channel="email", token=token, words=words_of(message)))
    except Error:
        log.exception("an answer by mail could not be taken now")
        return LATER
    finally:
        connection.close()
    if result is None:
        return REFUSED.format(UNCLEAR)
    line = " ".join(result.words.encode("ascii", "replace").decode().split())
    return (TAKEN if result.done else REFUSED).format(line)


def is_automatic(sender: str, message: EmailMessage) -> bool:
    """Whether nobody wrote this: a bounce, an out-of-office note, a list. Such a thing acknowledges nothing."""
    told = str(message.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    return (
        not sender.strip("<>")
        or told != "no"
        or precedence in _BULK
        or message.get_content_type() == "multipart/report"
        or any(name in message for name in _AUTOMATIC)
    )


def words_of(message: EmailMessage) -> str:
    """The subject where a button wrote it, as "ack", else the first line that is the sender's own."""
    subject = str(message.get("Subject", "")).strip()
    if re.fullmatch(r"\w+", subject):
        return subject
    lines = (line.strip() for line in _text(message).splitlines())
    return next((line for line in lines if line and not line.startswith(">")), "")


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, ValueError):
        return ""
    if part.get_content_type() == "text/plain":
        return text
    broken = re.sub(r"<(?:br|/p|/div)\b[^>]*>", "\n", text, flags=re.IGNORECASE)
    return unescape(nh3.clean(broken, tags=set()))
