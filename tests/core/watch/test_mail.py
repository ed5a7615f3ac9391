from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core.callbacks import mail as receiver
from core.outbox import draining
from core.outbox.models import Message
from core.watch import mail, trials
from core.watch.models import Trial
from core.watch.rules import Grade

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.peers import Smtp

pytestmark = pytest.mark.django_db
WORDS = mail.WORDS


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    """A catch-all of the product's own domain."""
    settings.CANARY_MAIL_TO = "canary@pages.example.com"
    settings.MAIL_REPLY_DOMAIN = "pages.example.com"


def test_one_process_sends_one_mail_a_quarter_of_an_hour_and_the_server_takes_it(smtp: Smtp) -> None:
    mail.send()
    mail.send()
    draining.drain(kind="pagerd")
    (sent,) = smtp.mails
    trial = Trial.objects.get()
    assert sent.recipients == ["canary@pages.example.com"]
    assert sent.subject == mail.subject(trial.slot)
    assert (trial.taken_at is not None, trial.arrived_at) == (True, None)


def test_the_receiver_closes_it(smtp: Smtp, settings: Settings) -> None:
    mail.send()
    slot = Trial.objects.get().slot
    mailbox = receiver._mailbox("Canary@pages.example.com")
    assert mailbox is not None
    forged = f"Subject: Canary mail {slot} {'0' * 16}\n\n".encode()
    assert mail.take.__name__ == mailbox.__name__
    assert mailbox(forged) == receiver.NOWHERE
    assert Trial.objects.get().arrived_at is None
    settings.CANARY_MAIL_TO = ""
    assert receiver._mailbox("canary@pages.example.com") is None
    assert receiver._mailbox("") is None


def test_a_mail_that_came_back_is_well() -> None:
    mail.send()
    slot = Trial.objects.get().slot
    assert trials.note_back("mail", slot)
    assert mail.look().grade is Grade.GOOD
    assert mail.look().text.startswith("A test mail came back in by mail 0 s ago, after 0.")


def test_what_the_server_refuses_is_told(smtp: Smtp) -> None:
    smtp.behave("550")
    mail.send()
    draining.drain(kind="pagerd")
    with connection.cursor() as cursor:
        cursor.execute("update watch_trial set started_at = now() - interval '3 minutes'")
    seen = mail.look()
    assert seen.grade is Grade.BAD
    assert seen.text.startswith("The mail server has not taken the test mail of 3 min ago: ")
    assert Message.objects.get().state == "failed"


@pytest.mark.parametrize(
    ("trial", "comes_back", "grade", "text"),
    [
        (trials.Trial(10, None, None, ""), True, Grade.GOOD, "The first test mail is under way."),
        (trials.Trial(10, 1, None, ""), False, Grade.GOOD, "The mail server took a test mail 9 s ago."),
        (
            trials.Trial(130, None, None, "timed out"),
            False,
            Grade.BAD,
            "The mail server has not taken the test mail of 2 min ago: timed out.",
        ),
        (
            trials.Trial(301, 1, None, ""),
            True,
            Grade.BAD,
            "The test mail of 5 min ago was taken and has not come back in by mail.",
        ),
        (
            trials.Trial(90, 1, 2.5, ""),
            True,
            Grade.GOOD,
            "A test mail came back in by mail 88 s ago, after 2.5 s.",
        ),
    ],
)
def test_a_trial_is_judged(trial: trials.Trial, comes_back: bool, grade: Grade, text: str) -> None:  # noqa: FBT001
    reading = trials.judge([trial], WORDS, comes_back=comes_back)
    assert (reading.grade, reading.text) == (grade, text)


def test_without_an_address_nothing_is_sent_and_production_is_told(settings: Settings) -> None:
    settings.CANARY_MAIL_TO = ""
    mail.send()
    assert not Trial.objects.exists()
    assert mail.look().grade is Grade.GOOD
    settings.PRODUCTION = True
    assert mail.look().grade is Grade.WARN
