from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.channels import registry
from core.channels.email import transport
from core.channels.registry import Content, Delivery, Permanent, Temporary, Unknown
from core.net import smtp as smtp_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

    from tests.peers import Smtp

CONTENT = Content(
    "Database down", "The database is down.", url="https://watchbill.example/p/x/", thread="alert-7"
)


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    smtp_client.hang_up()


def _delivery(content: Content = CONTENT, *, key: str = "page-1-email-0", resent: bool = False) -> Delivery:
    return Delivery(key, "bob@example.com", "", content, resent=resent, timeout=20)


def test_a_mail_arrives_with_text_link_and_headers(smtp: Smtp) -> None:
    transport.send(_delivery())
    (mail,) = smtp.wait()
    assert mail.sender == "watchbill@example.com"
    assert mail.recipients == ["bob@example.com"]
    assert mail.subject == "Database down"
    assert mail.text == "The database is down.\n\nhttps://watchbill.example/p/x/\n"
    headers = {name: mail.message[name] for name in ("From", "To", "Auto-Submitted", "List-Id")}
    assert headers == {
        "From": "Watchbill <watchbill@example.com>",
        "To": "bob@example.com",
        "Auto-Submitted": "auto-generated",
        "List-Id": "Watchbill <watchbill.127.0.0.1>",
    }
    assert mail.message["Date"] is not None


def test_a_link_that_is_in_the_text_is_not_said_twice() -> None:
    content = Content("s", "Open https://watchbill.example/p/x/ now.", url="https://watchbill.example/p/x/")
    assert transport.compose(_delivery(content)).get_content() == "Open https://watchbill.example/p/x/ now.\n"


def test_html_goes_beside_the_text(smtp: Smtp) -> None:
    transport.send(_delivery(Content("s", "plain", html="<p>rich</p>")))
    (mail,) = smtp.wait()
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.text == "plain\n"
    rich = mail.message.get_body(("html",))
    assert rich is not None
    assert rich.get_content().strip() == "<p>rich</p>"


def test_a_resend_is_the_same_message_and_says_so() -> None:
    first = transport.compose(_delivery())
    second = transport.compose(_delivery(resent=True))
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Subject"] == "Database down (resent)"
    assert first["Message-ID"] != transport.compose(_delivery(key="page-2-email-0"))["Message-ID"]


def test_mails_about_one_thing_hang_together() -> None:
    first, second = (transport.compose(_delivery(key=key)) for key in ("page-1", "page-2"))
    assert first["References"] == first["In-Reply-To"] == second["References"]
    assert first["References"] != first["Message-ID"]
    assert transport.compose(_delivery(Content("s", "t")))["References"] is None


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("down\r\nBcc: everybody@example.com", "down Bcc: everybody@example.com"),
        ("down\nX: y", "down X: y"),
        ("a\u2028b\u2029c\x0bd\x0ce\x85f\x00g", "a b c d e f g"),
        ("\ud800 half", "half"),
        ("  spaces \t and tabs ", "spaces and tabs"),
        ("Datenbank läuft nicht 🔥", "Datenbank läuft nicht 🔥"),
        ("x" * 5000, "x" * 250),
        ("", ""),
    ],
)
def test_no_alert_can_write_a_header(smtp: Smtp, subject: str, sent: str) -> None:
    transport.send(_delivery(Content(subject, "text")))
    (mail,) = smtp.wait()
    assert mail.subject == sent
    assert mail.message["Bcc"] is None
    assert mail.message["X"] is None
    assert mail.recipients == ["bob@example.com"]


def test_a_text_with_odd_letters_and_dots_arrives(smtp: Smtp) -> None:
    text = ".\n..\n.hidden\n" + "ä" * 2000 + "\nNUL \x00 gone, half \ud800 gone\nlast"
    transport.send(_delivery(Content("s", text)))
    (mail,) = smtp.wait()
    assert mail.text == text.replace("\x00", "").replace("\ud800", "") + "\n"


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [("451", Temporary), ("550", Permanent), ("accept then hang", Unknown), ("hang", Unknown)],
)
def test_what_the_server_does_decides_what_comes_next(
    smtp: Smtp, behaviour: str, error: type[Exception]
) -> None:
    smtp.behave(behaviour)
    with pytest.raises(error):
        transport.send(Delivery("k", "bob@example.com", "", CONTENT, timeout=0.3))


def test_a_server_that_is_gone_may_come_back(smtp: Smtp) -> None:
    smtp.stop()
    with pytest.raises(Temporary, match="refused the connection"):
        transport.send(_delivery())


def test_without_a_mail_server_nothing_is_tried(settings: Settings) -> None:
    settings.MAIL = None
    with pytest.raises(Permanent, match=r"no mail server is configured \(EMAIL_URL\)"):
        transport.send(_delivery())


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("bob@example.com", "bob@example.com"),
        (" Bob@EXAMPLE.com ", "Bob@example.com"),
        ("bob+page@example.com", "bob+page@example.com"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
    ],
)
def test_an_address_has_one_form(given: str, normal: str) -> None:
    assert registry.get("email").check_address(given) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "bob",
        "bob@",
        "@example.com",
        "bob@example.com\r\nRCPT TO:<eve@example.com>",
        "böb@example.com",
        "bob@exa mple.com",
        "Bob <bob@example.com>",
        "a@b@example.com",
        "bob@" + "a" * 70 + ".example",
    ],
)
def test_what_is_no_address_is_refused_with_words(given: str) -> None:
    with pytest.raises(ValueError, match=r"^Enter an e-mail address like name@example\.com\.$"):
        registry.get("email").check_address(given)


def test_others_see_only_a_hint() -> None:
    assert registry.get("email").hint("bob@example.com") == "b•••@example.com"
