"""E-mail: text and HTML to one address, with the same Message-ID on every resend."""

from __future__ import annotations

import hashlib
import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.channels import registry
from core.channels.registry import Content, Delivery, Permanent, Sent, Temporary, Unknown
from core.net import smtp

LONGEST_SUBJECT = 250
RESENT = "(resent)"

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def check_address(address: str) -> str:
    """The address in its normal form. Raise ValueError when it is none."""
    local, at, domain = address.strip().rpartition("@")
    try:
        normal = f"{local}{at}{domain.encode('idna').decode().lower()}"
        validate_email(normal)
        normal.encode("ascii")
    except (ValidationError, UnicodeError) as error:
        raise ValueError("Enter an e-mail address like name@example.com.") from error
    return normal


def hint(address: str) -> str:
    """The address for others to see: its first letter and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def send(delivery: Delivery) -> Sent:
    """Hand the mail to the configured server."""
    if settings.MAIL is None:
        raise Permanent("no mail server is configured (EMAIL_URL)")
    try:
        said = smtp.send(
            settings.MAIL,
            sender=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
            recipient=delivery.address,
            mail=compose(delivery).as_bytes(),
            name=_host(),
            timeout=min(delivery.timeout, settings.SMTP_TIMEOUT_SECONDS),
        )
    except smtp.Refused as error:
        raise (Permanent if error.permanent else Temporary)(str(error)) from error
    except smtp.NoAnswer as error:
        raise Unknown(str(error)) from error
    except smtp.Failed as error:
        raise Temporary(str(error)) from error
    return Sent(said[:200])


def compose(delivery: Delivery) -> EmailMessage:
    """The mail as it goes out."""
    content = delivery.content
    mail = EmailMessage(policy=SMTP)
    mail["From"] = settings.DEFAULT_FROM_EMAIL
    mail["To"] = delivery.address
    answer_to = answer_address(content.token)
    if answer_to:
        mail["Reply-To"] = answer_to
    subject = _one_line(content.subject)[:LONGEST_SUBJECT]
    mail["Subject"] = f"{subject} {RESENT}" if delivery.resent else subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = _id(delivery.key)
    if content.thread:
        mail["In-Reply-To"] = mail["References"] = _id(content.thread)
    mail["List-Id"] = f"Watchbill <watchbill.{_host()}>"
    if content.unsubscribe:
        mail["List-Unsubscribe"] = f"<{_one_line(content.unsubscribe)}>"
        if content.unsubscribe.startswith("https:"):  # in one press only where nobody can listen (RFC 8058)
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(content, answer_to))
    if content.html:
        mail.add_alternative(_clean(content.html) + _button(answer_to), subtype="html")
    return mail


def answer_address(token: str) -> str:
    """Where an answer to what this token is for goes, "" where none is taken."""
    if not (token and settings.MAIL_REPLY_DOMAIN):
        return ""
    return f"ack+{token}@{settings.MAIL_REPLY_DOMAIN}"


def token_of(address: str) -> str | None:
    """The token in an address that answers go to, None where it is another address."""
    local, _, domain = address.strip().lower().rpartition("@")
    if not settings.MAIL_REPLY_DOMAIN or domain != settings.MAIL_REPLY_DOMAIN:
        return None
    found = re.fullmatch(r"ack\+([a-z0-9-]{1,60})", local)
    return found[1] if found else None


def _button(answer_to: str) -> str:
    if not answer_to:
        return ""
    return f'<p><a href="mailto:{answer_to}?subject=ack">Acknowledge by mail</a>, or answer with the word ack.</p>'


def _text(content: Content, answer_to: str) -> str:
    text = _clean(content.text)
    link = f"\n\n{content.url}" if content.url and content.url not in text else ""
    answer = "\n\nTo acknowledge, you can also answer this mail with the word ack." if answer_to else ""
    return f"{text}{link}{answer}\n"


def _id(name: str) -> str:
    return f"<{hashlib.sha256(name.encode()).hexdigest()[:32]}@{_host()}>"


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _one_line(text: str) -> str:
    """A text that cannot begin a header of its own, whatever an alert put into it."""
    return " ".join(_CONTROLS.sub(" ", text.replace("\n", " ")).split())


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)


registry.register(
    registry.Channel(
        kind="email",
        name="E-mail",
        check_address=check_address,
        hint=hint,
        send=send,
        is_sealed=False,
        reaches=lambda _address: settings.MAIL is not None,
        asks="An address, like name@example.com.",
    )
)
