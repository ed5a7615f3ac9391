from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811
from aiosmtpd.smtp import AuthResult

from config.env import Mail
from core.net import smtp
from core.stack.processes import free_port
from tests.peers import Smtp
from tests.scripted import Scripted
from tests.waiting import pass_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.core.net.conftest import Certificate

# aiosmtpd does not see that a connection that was secure from the start is secure.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

MAIL = b"Subject: hello\r\nFrom: a@example.com\r\n\r\nfirst\r\n.hidden\r\n..two\r\nlast\r\n"


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    smtp._tls.cache_clear()
    yield
    smtp.hang_up()


@pytest.fixture
def server() -> Iterator[Smtp]:
    server = Smtp().start()
    yield server
    server.stop()


def _at(port: int, *, tls: str = "", user: str = "", password: str = "") -> Mail:
    return Mail("127.0.0.1", port, user, password, tls)


def _send(mail_server: Mail, *, to: str = "b@example.com", timeout: float = 20) -> str:
    return smtp.send(mail_server, sender="a@example.com", recipient=to, mail=MAIL, timeout=timeout)


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def make(**script: str | None) -> Scripted:
        servers.append(Scripted(script))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


def test_a_mail_arrives_whole_and_its_dots_with_it(server: Smtp) -> None:
    assert _send(_at(server.port)) == "Message accepted"
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("a@example.com", ["b@example.com"])
    assert mail.text.splitlines() == ["first", ".hidden", "..two", "last"]


def test_a_connection_is_used_again_and_not_for_ever(
    scripted: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MOST_PER_CONNECTION", 3)
    server = scripted()
    for _ in range(7):
        _send(_at(server.port))
    assert server.connections == 3


def test_an_old_connection_is_not_used_again(
    scripted: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "KEEP_SECONDS", 0)
    server = scripted()
    _send(_at(server.port))
    _send(_at(server.port))
    assert server.connections == 2


def test_a_kept_connection_that_has_gone_is_replaced(server: Smtp) -> None:
    _send(_at(server.port))
    server.stop()
    server.start()
    _send(_at(server.port))
    assert len(server.mails) == 2


def test_a_kept_connection_that_says_good_bye_is_replaced(scripted: Callable[..., Scripted]) -> None:
    server = scripted()
    _send(_at(server.port))
    server.script["mail"] = "421 idle for too long"
    with pytest.raises(smtp.Refused) as refused:
        _send(_at(server.port))
    assert server.connections == 2
    assert not refused.value.permanent


def test_mail_servers_are_kept_apart(server: Smtp) -> None:
    other = Smtp().start()
    _send(_at(server.port))
    _send(_at(other.port))
    other.stop()
    assert (len(server.mails), len(other.mails)) == (1, 1)


@pytest.mark.parametrize(
    ("where", "reply", "permanent"),
    [
        ("connect", "554 not you", True),
        ("connect", "421 busy", False),
        ("mail", "451 later", False),
        ("mail", "550 not from you", True),
        ("rcpt", "450 greylisted", False),
        ("rcpt", "550 No such mailbox", True),
        ("data", "452 disk full", False),
        ("data", "554 no", True),
        ("dot", "451 later", False),
        ("dot", "552 too big", True),
        ("mail", "299 odd", False),
    ],
)
def test_a_refusal_is_for_good_or_for_now(
    scripted: Callable[..., Scripted], where: str, reply: str, *, permanent: bool
) -> None:
    server = scripted(**{where: reply})
    with pytest.raises(smtp.Refused) as refused:
        _send(_at(server.port))
    assert refused.value.permanent is permanent


def test_after_a_refusal_the_next_mail_is_sent_all_the_same(server: Smtp) -> None:
    server.behave("451")
    with pytest.raises(smtp.Refused, match="451 Try again later"):
        _send(_at(server.port))
    server.behave("accept")
    _send(_at(server.port))
    assert len(server.mails) == 1


def test_what_the_server_says_about_an_address_is_not_repeated(scripted: Callable[..., Scripted]) -> None:
    server = scripted(rcpt="550 5.1.1 <b@example.com>: no such user")
    with pytest.raises(smtp.Refused, match=r"answered 550 5\.1\.1 <address> no such user"):
        _send(_at(server.port))


@pytest.mark.parametrize("where", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_a_server_that_hangs_before_the_mail_is_handed_over_is_not_reached_in_time(
    scripted: Callable[..., Scripted], where: str
) -> None:
    server = scripted(**{where: None})
    began = time.monotonic()
    with pytest.raises(smtp.Unreachable, match="did not answer in time"):
        _send(_at(server.port), timeout=0.3)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("where", ["connect", "mail", "rcpt", "data"])
def test_a_server_that_breaks_off_before_that_is_not_reached_either(
    scripted: Callable[..., Scripted], where: str
) -> None:
    server = scripted(**{where: ""})
    with pytest.raises(smtp.Unreachable, match="broke off"):
        _send(_at(server.port))


@pytest.mark.parametrize("silence", [None, ""])
def test_a_server_that_falls_silent_after_that_leaves_it_unknown(
    scripted: Callable[..., Scripted], silence: str | None
) -> None:
    server = scripted(dot=silence)
    with pytest.raises(smtp.NoAnswer):
        _send(_at(server.port), timeout=0.3)


def test_accept_then_hang_is_unknown_and_the_mail_is_there(server: Smtp) -> None:
    server.behave("accept then hang")
    with pytest.raises(smtp.NoAnswer):
        _send(_at(server.port), timeout=0.3)
    assert len(server.mails) == 1


def test_a_trickle_of_words_does_not_stretch_the_time(scripted: Callable[..., Scripted]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            for _ in range(100):
                pass_by(0.05)
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    threading.Thread(target=trickle, daemon=True).start()
    began = time.monotonic()
    with listener, pytest.raises(smtp.Unreachable, match="in time"):
        _send(_at(listener.getsockname()[1]), timeout=0.4)
    assert time.monotonic() - began < 1


def test_a_server_that_is_not_there_refuses_the_connection() -> None:
    with pytest.raises(smtp.Unreachable, match="refused the connection"):
        _send(_at(free_port()))


def test_a_server_whose_name_is_unknown_is_not_found() -> None:
    with pytest.raises(smtp.Unreachable, match="was not found"):
        _send(Mail("mail.nowhere.example", 25, "", "", ""))


class Secure:
    """A mail server that wants TLS and a password."""

    def __init__(self, certificate: Certificate, *, tls: str) -> None:
        self.port = free_port()
        self.got: list[bytes] = []
        context = certificate.server()
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if tls == "tls" else None,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            authenticator=self.authenticate,
            auth_required=True,
            auth_require_tls=tls == "starttls",
        )

    def authenticate(
        self, _server: Server, _session: object, _envelope: object, _how: str, login: object
    ) -> AuthResult:
        right = (
            getattr(login, "login", b"") == b"watchbill" and getattr(login, "password", b"") == b"pass word"
        )
        return AuthResult(success=right, handled=right)

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        self.got.append(envelope.content)  # type: ignore[attr-defined]
        return "250 taken"


@pytest.fixture(params=["starttls", "tls"])
def secure(
    request: pytest.FixtureRequest, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Secure, str]]:
    server = Secure(certificate, tls=request.param)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    server.controller.start()
    yield server, request.param
    smtp.hang_up()
    server.controller.stop(no_assert=True)


def test_a_secure_connection_is_made_signed_in_and_used_again(secure: tuple[Secure, str]) -> None:
    server, tls = secure
    for _ in range(2):
        assert _send(_at(server.port, tls=tls, user="watchbill", password="pass word")) == "taken"
    assert len(server.got) == 2


def test_a_wrong_password_is_refused_for_good(secure: tuple[Secure, str]) -> None:
    server, tls = secure
    with pytest.raises(smtp.Refused, match="535") as refused:
        _send(_at(server.port, tls=tls, user="watchbill", password="wrong"))
    assert refused.value.permanent


def test_a_certificate_that_nobody_vouches_for_stops_the_mail(
    secure: tuple[Secure, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, tls = secure
    monkeypatch.delenv("SSL_CERT_FILE")
    smtp._tls.cache_clear()
    with pytest.raises(smtp.Unreachable, match="no secure connection"):
        _send(_at(server.port, tls=tls, user="watchbill", password="pass word"))
    assert server.got == []


def test_a_server_without_starttls_gets_no_mail_in_the_clear(server: Smtp) -> None:
    with pytest.raises(smtp.Refused, match="lacks what EMAIL_URL asks for"):
        _send(_at(server.port, tls="starttls"))
    assert server.mails == []
