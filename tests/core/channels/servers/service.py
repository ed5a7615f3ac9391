"""What the stand-ins for chat services have in common: what they were asked, and failing on command."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from tests import http_peer
from tests.http_peer import HttpPeer, Request
from tests.peers import Inbox

Answer = tuple[int, Any, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: when it came, how, for what, by whom, with which JSON."""

    at: float
    method: str
    path: str
    authorization: str
    said: Any


class Service(HttpPeer):
    """A service on a free port. `fail(429, {"Retry-After": "30"})`, `hang()` or `accept()` from now on.

    One kind overrides `take`, which judges a request as that service does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inbox: Inbox[Call] = Inbox()
        self.posts: dict[str, dict[str, Any]] = {}
        self._failure: tuple[int, dict[str, str]] | None = None

    @property
    def calls(self) -> list[Call]:
        return self.inbox.all()

    def fail(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Answer every request in this way."""
        self._failure = (status, headers or {})

    def accept(self) -> None:
        """Take every well-formed request."""
        self._failure = None
        self.release()

    def refusal(self, status: int) -> Any:
        """The body with which the service refuses in this way."""
        return {"message": "refused", "status": status}

    @abstractmethod
    def take(self, call: Call) -> Answer:
        """Judge a request as the service does."""

    def respond(self, request: Request) -> http_peer.Answer:
        said = request.json if request.body else None
        call = Call(request.at, request.method, request.path, request.headers.get("authorization", ""), said)
        self.inbox.add(call)
        if self._failure is not None:
            status, headers = self._failure
            return http_peer.Answer(status, self.refusal(status), headers)
        status, told, headers = self.take(call)
        self.held()
        return http_peer.Answer(status, told, headers)
