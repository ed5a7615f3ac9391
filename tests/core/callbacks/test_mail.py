from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from django.db import OperationalError

from core.callbacks import mail, replies
from core.callbacks.replies import Reply, Result
from core.channels.email import transport
from core.channels.registry import Content, Delivery
from core.stack.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import Settings

TOKEN = "1f-0123456789abcdef-abcdefghijklmnopqrstuvwxyz"
ADDRESS = f"ack+{TOKEN}@pages.example.com"


@pytest.fixture(autouse=True)
def _domain(settings: Settings) -> None:
    settings.MAIL_REPLY_DOMAIN = "pages.example.com"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Reply]:
    """Replies that were handed over: "ack" is done, "pass" is not, anything else means nothing."""
    found: list[Reply] = []

    def listener(reply: Reply) -> Result | None:
        found.append(reply)
        word = reply.words.lower()
        return {"ack": Result("Yours \u2026", done=True), "pass": Result("Bob has it.", done=False)}.get(word)

    monkeypatch.setattr(replies, "_listeners", [listener])
    return found


@pytest.fixture
def door() -> Iterator[Callable[..., tuple[int, str]]]:
    """A real server at which mail is handed over; gives the code and the words of its last answer."""
    controller = Controller(
        mail.Door(), hostname="127.0.0.1", port=free_port(), data_size_limit=mail.MOST_BYTES
    )
    controller.start()

    def hand_over(
        text: str, *, to: str = ADDRESS, sender: str = "anybody@example.com", **headers: str
    ) -> tuple[int, str]:
        message = EmailMessage()
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        with smtplib.SMTP("127.0.0.1", controller.port, timeout=5) as client:
            client.ehlo()
            client.mail(sender)
            code, said = client.rcpt(to)
            if code == 250:
                code, said = client.data(message.as_bytes())
        return code, said.decode()

    yield hand_over
    controller.stop()


def test_an_answer_is_handed_over_by_the_token_in_its_address(
    door: Callable[..., tuple[int, str]], heard: list[Reply]
) -> None:
    assert door("ack\n\n> what the page said", Subject="Re: Database down") == (250, "2.0.0 Yours ?")
    assert heard == [Reply(channel="email", token=TOKEN, words="ack")]


def test_the_button_writes_the_subject(door: Callable[..., tuple[int, str]], heard: list[Reply]) -> None:
    assert door("-- \nBob, Head of Everything", Subject="ack")[0] == 250
    assert heard[0].words == "ack"


def test_who_sends_does_not_matter_and_neither_does_case(
    door: Callable[..., tuple[int, str]], heard: list[Reply]
) -> None:
    assert door("ack", sender="mallory@evil.example", to=ADDRESS.upper())[0] == 250
    assert heard[0].token == TOKEN


def test_an_answer_that_does_nothing_comes_back(
    door: Callable[..., tuple[int, str]], heard: list[Reply]
) -> None:
    assert door("pass") == (550, "5.7.1 Bob has it.")
    code, said = door("I am on it")
    assert code == 550
    assert "begin your answer with the word ack" in said


@pytest.mark.parametrize(
    "to",
    [
        "ack@pages.example.com",
        f"ack+{TOKEN}@example.com",
        f"nak+{TOKEN}@pages.example.com",
        f"ack+{TOKEN}x{'y' * 40}@pages.example.com",
        "ack+../../x@pages.example.com",
        "postmaster@pages.example.com",
    ],
)
def test_no_other_address_is_taken(door: Callable[..., tuple[int, str]], heard: list[Reply], to: str) -> None:
    assert door("ack", to=to)[0] == 550
    assert heard == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Auto_Submitted": "auto-generated; x=y"},
        {"Precedence": "auto_reply"},
        {"Precedence": "Bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<x.example.com>"},
        {"sender": ""},
    ],
)
def test_what_nobody_wrote_acknowledges_nothing(
    door: Callable[..., tuple[int, str]], heard: list[Reply], headers: dict[str, str]
) -> None:
    assert door("ack", **headers)[0] == 250
    assert heard == []


def test_while_postgres_is_away_the_sender_is_told_to_try_again(
    door: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Reply) -> Result:
        raise OperationalError("gone")

    monkeypatch.setattr(replies, "_listeners", [away])
    assert door("ack") == (451, "4.3.0 Try again later")


def test_two_pages_are_not_answered_at_once(heard: list[Reply]) -> None:
    controller = Controller(mail.Door(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", controller.port, timeout=5) as client:
            client.ehlo()
            client.mail("bob@example.com")
            assert client.rcpt(ADDRESS)[0] == 250
            assert client.rcpt(ADDRESS)[0] == 452
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("plain", "\n\n  Ack \n> quoted", "Ack"),
        ("plain", "> quoted first\nack", "ack"),
        ("plain", "", ""),
        ("html", "<div>ack</div><blockquote>long</blockquote>", "ack"),
        ("html", "<style>p{}</style><p>Ack &amp; thanks</p>", "Ack & thanks"),
        ("html", "ack<br>Bob", "ack"),
    ],
)
def test_the_first_words_are_found(kind: str, text: str, words: str) -> None:
    message = EmailMessage()
    message["Subject"] = "Re: Ack in 5:00 or Bob is woken"
    message.set_content(text, subtype=kind)
    assert mail.words_of(message) == words


def test_a_mail_with_a_broken_character_set_is_no_answer() -> None:
    raw = b"Subject: Re: x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nack"
    assert mail.take("bob@example.com", ADDRESS, raw).startswith("550")
    assert mail.take("bob@example.com", ADDRESS, b"").startswith("550")


def test_a_page_says_where_its_answer_goes(settings: Settings) -> None:
    content = Content(
        "Down", "It is down.", html="<p>It is down.</p>", url="https://w.example/p/x/", token=TOKEN
    )
    sent = transport.compose(Delivery("k", "bob@example.com", "", content))
    assert sent["Reply-To"] == ADDRESS
    assert len(ADDRESS.split("@", maxsplit=1)[0]) <= 64
    text = sent.get_body(("plain",))
    rich = sent.get_body(("html",))
    assert text is not None
    assert rich is not None
    assert "answer this mail with the word ack." in text.get_content()
    assert f'href="mailto:{ADDRESS}?subject=ack"' in rich.get_content()
    settings.MAIL_REPLY_DOMAIN = ""
    assert transport.compose(Delivery("k", "bob@example.com", "", content))["Reply-To"] is None
    assert transport.token_of(ADDRESS) is None


def test_what_is_no_page_takes_no_answer() -> None:
    assert transport.compose(Delivery("k", "bob@example.com", "", Content("Code", "x")))["Reply-To"] is None
