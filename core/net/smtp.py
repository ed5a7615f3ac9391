"""The only SMTP client of the product: one conversation has one time limit, and connections are kept for
more.

It tells apart what a sender must know: refused for good, refused for now, not reached, and handed over whole
without an answer.
"""

from __future__ import annotations

import os
import re
import smtplib
import socket
import ssl
import threading
import time
from functools import lru_cache
from typing import Any, Protocol

from core.net import names

KEEP_SECONDS = 15.0
MOST_PER_CONNECTION = 100
MOST_KEPT = 32


class Server(Protocol):
    """Where mail goes; `tls` is "", "starttls" or "tls"."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def tls(self) -> str: ...


class Failed(Exception):
    """The mail was not taken; the message says why and names no address."""


class Refused(Failed):
    """The server said no: for good (5xx) or for now (4xx)."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the mail server answered {code} {said}".strip())
        self.code = code
        self.permanent = code >= 500


class Unreachable(Failed):
    """The server was not reached or the conversation broke off before the mail was handed over."""


class NoAnswer(Failed):
    """The mail was handed over whole, then the server fell silent: it may arrive."""


class _Timed:
    """A socket whose every read and write ends with the time of the whole conversation."""

    until: float | None = None

    def _hurry(self) -> None:
        if self.until is None:
            return
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the conversation is over")
        self.settimeout(left)  # type: ignore[attr-defined]

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._hurry()
        return int(super().recv_into(*args, **kwargs))  # type: ignore[misc]

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._hurry()
        return int(super().send(*args, **kwargs))  # type: ignore[misc]

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._hurry()
        super().sendall(*args, **kwargs)  # type: ignore[misc]


class _PlainSocket(_Timed, socket.socket):
    pass


class _TlsSocket(_Timed, ssl.SSLSocket):
    pass


class _Conversation(smtplib.SMTP):
    """A connection to the mail server, open and signed in."""

    def __init__(self, server: Server, name: str, until: float) -> None:
        super().__init__(local_hostname=name)
        self.server = server
        self.used = 0
        self.used_at = 0.0
        self._host = server.host
        self._until = until

    def open(self) -> None:
        """Connect, secure the connection and sign in, as the server's settings say."""
        self._expect(*self.connect(self.server.host, self.server.port), 220)
        self.ehlo_or_helo_if_needed()
        if self.server.tls == "starttls":
            self.starttls(context=_tls())
            self.hurry(self._until)
            self.ehlo_or_helo_if_needed()
        if self.server.user:
            self.login(self.server.user, self.server.password)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = _PlainSocket(fileno=_dial(host, port, self._until).detach())
        plain.until = self._until
        if self.server.tls != "tls":
            return plain
        plain.settimeout(max(0.01, self._until - time.monotonic()))
        wrapped = _tls().wrap_socket(plain, server_hostname=host)
        wrapped.until = self._until  # type: ignore[attr-defined]
        return wrapped

    def hurry(self, until: float) -> None:
        """Let this conversation end at `until`, in monotonic seconds."""
        self._until = until
        if self.sock is not None:
            self.sock.until = until  # type: ignore[attr-defined]

    def hand_over(self, sender: str, recipient: str, mail: bytes) -> str:
        """Give the server one mail; give what it said on taking it."""
        self._expect(*self.mail(sender), 250)
        self._expect(*self.rcpt(recipient), 250, 251)
        self._expect(*self.docmd("DATA"), 354)
        self.send(re.sub(rb"(?m)^\.", b"..", mail.removesuffix(b"\r\n")) + b"\r\n.\r\n")
        try:
            code, said = self.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise NoAnswer("the mail server took the mail and did not answer") from error
        self._expect(code, said, 250)
        self.used += 1
        self.used_at = time.monotonic()
        return _clean(said)

    def _expect(self, code: int, said: bytes, *wanted: int) -> None:
        if code not in wanted:
            raise Refused(code if code >= 400 else 451, _clean(said))

    @property
    def is_fresh(self) -> bool:
        """Whether the server will still know this connection."""
        return self.used < MOST_PER_CONNECTION and time.monotonic() - self.used_at < KEEP_SECONDS


def _dial(host: str, port: int, until: float) -> socket.socket:
    failure: OSError = TimeoutError("the time of the conversation is over")
    for address in names.resolve(host, port, until - time.monotonic()):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), left)
        except OSError as error:
            failure = error
    raise failure


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _TlsSocket
    return context


def _clean(said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    # A server often repeats the recipient; an address belongs in no log.
    return re.sub(r"\S+@\S+", "<address>", " ".join(text.split()))[:200]


_kept: list[_Conversation] = []
_lock = threading.Lock()
os.register_at_fork(after_in_child=_kept.clear)


def send(
    server: Server, *, sender: str, recipient: str, mail: bytes, name: str = "localhost", timeout: float = 5.0
) -> str:
    """Hand one mail to the server within `timeout` seconds in all; give what the server said on taking it.

    `name` is what we call ourselves. Raise Refused, Unreachable or NoAnswer.
    """
    until = time.monotonic() + timeout
    try:
        if (kept := _take(server)) is not None:
            try:
                return _converse(kept, until, sender, recipient, mail)
            except (smtplib.SMTPServerDisconnected, Refused) as error:
                # It went away while it was kept (421 announces that), so nothing was handed over.
                if isinstance(error, Refused) and error.code != 421:
                    raise
        return _converse(_Conversation(server, name, until), until, sender, recipient, mail)
    except (smtplib.SMTPException, OSError, names.NoSuchName) as error:
        raise _failure(error, until) from error


def _converse(conversation: _Conversation, until: float, sender: str, recipient: str, mail: bytes) -> str:
    try:
        conversation.hurry(until)
        if conversation.sock is None:
            conversation.open()
        said = conversation.hand_over(sender, recipient, mail)
    except BaseException:
        conversation.close()
        raise
    _keep(conversation)
    return said


def _failure(error: Exception, until: float) -> Failed:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return Refused(error.smtp_code, _clean(said if isinstance(said, bytes) else str(said).encode()))
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused(554, "(it lacks what EMAIL_URL asks for)")
    if isinstance(error, names.NoSuchName):
        return Unreachable(f"the mail server was not found: {error}")
    return Unreachable(_why(error, until))


def _why(error: Exception, until: float) -> str:
    if isinstance(error, ssl.SSLError):
        return "no secure connection to the mail server"
    if isinstance(error, ConnectionRefusedError):
        return "the mail server refused the connection"
    if time.monotonic() >= until - 0.05:
        return "the mail server did not answer in time"
    return "the mail server broke off the conversation"


def _take(server: Server) -> _Conversation | None:
    with _lock:
        while _kept:
            conversation = _kept.pop()
            if conversation.server == server and conversation.is_fresh:
                return conversation
            conversation.close()
    return None


def _keep(conversation: _Conversation) -> None:
    with _lock:
        if len(_kept) < MOST_KEPT and conversation.is_fresh:
            _kept.append(conversation)
            return
    conversation.close()


def hang_up() -> None:
    """Close the connections that are kept."""
    with _lock:
        while _kept:
            _kept.pop().close()
