from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller

from core.callbacks import mail
from core.channels.email.transport import answer_address
from core.outbox import sending
from core.stack.processes import free_port
from oncall.paging import operations as paging
from oncall.paging import tokens
from oncall.paging.models import Page
from oncall.replies import rules
from oncall.replies.rules import Verb, Wish
from tests import cast
from tests.oncall.escalation.clock import asked, drain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from core.accounts.models import User
    from oncall.escalation.models import Escalation
    from tests.peers import Smtp

# The mail server answers in a thread of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice() -> User:
    user = cast.alice()
    paging.ensure_default(user)
    return user


@pytest.fixture
def running(alice: User, smtp: Smtp, settings: Settings) -> Escalation:
    """Alice was paged by mail; Bob is next."""
    settings.MAIL_REPLY_DOMAIN = "pages.example.com"
    found = cast.escalation(cast.alert(), cast.policy((600, [alice]), (600, [cast.bob()])))
    drain()
    sending.send_due()
    return found


@pytest.fixture
def door() -> Iterator[int]:
    controller = Controller(mail.Door(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def answer(door: int, to: str, text: str, *, sender: str = "alice@home.example") -> int:
    """What the door says to a mail."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Re: page", sender, to
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", door, timeout=5) as client:
        try:
            client.send_message(message)
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code
    return 250


def test_the_mail_is_answered_and_the_page_acknowledged(
    running: Escalation, smtp: Smtp, door: int, alice: User
) -> None:
    (sent,) = smtp.mails
    to = str(sent.message["Reply-To"])
    assert to == answer_address(tokens.make(Page.objects.get()))
    assert answer(door, to, "ack\n") == 250
    assert answer(door, to, "Ack.\n") == 250
    running.refresh_from_db()
    assert (running.status, running.acknowledged_by) == ("acknowledged", alice)
    assert asked(running) == [("Alice", 0, 0, "acknowledged")]


def test_the_sender_proves_nothing(running: Escalation, smtp: Smtp, door: int) -> None:
    good = str(smtp.mails[0].message["Reply-To"])
    forged = good.replace("@", "a@") if good[-20] != "a" else good.replace("ack+", "ack+1")
    assert answer(door, forged, "ack", sender="alice@example.com") == 550
    running.refresh_from_db()
    assert running.status == "escalating"


def test_pass_asks_the_next_level(running: Escalation, smtp: Smtp, door: int) -> None:
    assert answer(door, str(smtp.mails[0].message["Reply-To"]), "Pass it on, I am on a train") == 250
    drain()
    assert [row[:3] for row in asked(running)] == [("Alice", 0, 0), ("Bob", 0, 1)]


def test_words_that_do_not_begin_so_do_nothing(running: Escalation, smtp: Smtp, door: int) -> None:
    for words in ("I am out of the office.", "on it", "Please do not ack this"):
        assert answer(door, str(smtp.mails[0].message["Reply-To"]), words) == 550
    running.refresh_from_db()
    assert running.status == "escalating"


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("ack", Wish(Verb.ACKNOWLEDGE)),
        ("ACK!", Wish(Verb.ACKNOWLEDGE)),
        ("*Acknowledged*, looking", Wish(Verb.ACKNOWLEDGE)),
        ("pass", Wish(Verb.HAND_ON)),
        ("ackermann", None),
        ("", None),
    ],
)
def test_what_a_mail_means(words: str, wish: Wish | None) -> None:
    assert rules.from_mail(words) == wish
