"""Real servers for the tests to send to: one for mail, one for HTTP. Both record, and misbehave on command."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Generic, TypeVar

from aiosmtpd.controller import Controller

from core.stack.processes import free_port
from tests.http_peer import Answer, HttpPeer, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session

T = TypeVar("T")


class Inbox(Generic[T]):
    """What arrived, in order; whoever waits for more is woken."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._changed = threading.Condition()

    def add(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def all(self) -> list[T]:
        with self._changed:
            return list(self._items)

    def clear(self) -> None:
        with self._changed:
            self._items.clear()

    def wait(self, *, until: Callable[[list[T]], bool], seconds: float) -> list[T]:
        """Everything so far, once `until` holds of it; AssertionError when it does not within `seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: until(self._items), timeout=seconds):
                raise AssertionError(f"not within {seconds} s; arrived so far: {self._items}")
            return list(self._items)


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail as it came over SMTP; `at` is `time.time()`."""

    at: float
    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain-text part, its lines ending in a line feed."""
        part = self.message.get_body(("plain",))
        return part.get_content().replace("\r\n", "\n") if part is not None else ""


class Smtp:
    """A mail server on a free port. `behave("451")`, `"550"`, `"hang"`, `"accept then hang"`, then `"accept"`."""

    ANSWERS = {"451": "451 Try again later", "550": "550 No such mailbox"}

    def __init__(self) -> None:
        self.port = free_port()
        self.inbox: Inbox[Mail] = Inbox()
        self.tries = 0
        self._behaviour = "accept"
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """The EMAIL_URL that leads here."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def mails(self) -> list[Mail]:
        return self.inbox.all()

    def wait(self, count: int = 1, *, seconds: float = 10, to: str | None = None) -> list[Mail]:
        """The mails so far (to one address), once there are `count` of them."""

        def wanted(mails: list[Mail]) -> list[Mail]:
            return [mail for mail in mails if to is None or to in mail.recipients]

        return wanted(self.inbox.wait(until=lambda mails: len(wanted(mails)) >= count, seconds=seconds))

    def behave(self, how: str) -> None:
        """Answer every message in this way from now on."""
        self._behaviour = how

    def start(self) -> Smtp:
        """Listen; after `stop()` again on the same port."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def stop(self) -> None:
        """Refuse connections."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tries += 1
        if self._behaviour == "hang":
            await asyncio.sleep(600)
        if answer := self.ANSWERS.get(self._behaviour):
            return answer
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        self.inbox.add(Mail(time.time(), envelope.mail_from or "", list(envelope.rcpt_tos), message))
        if self._behaviour == "accept then hang":
            await asyncio.sleep(600)
        return "250 Message accepted"


class WebhookSink(HttpPeer):
    """An HTTP server on a free port. `answer(503, {"Retry-After": "30"})` or `hang()` from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: Inbox[Request] = Inbox()
        self._answer = Answer(200)

    @property
    def url(self) -> str:
        return f"{super().url}/hook"

    @property
    def requests(self) -> list[Request]:
        return self.inbox.all()

    def wait(self, count: int = 1, *, seconds: float = 10) -> list[Request]:
        """The requests so far, once there are `count` of them."""
        return self.inbox.wait(until=lambda requests: len(requests) >= count, seconds=seconds)

    def answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Answer everything with this status."""
        self._answer = Answer(status, headers=headers)
        self.release()

    def respond(self, request: Request) -> Answer:
        self.inbox.add(request)
        self.held()
        return self._answer
