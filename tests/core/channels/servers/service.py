"""What the stand-ins for chat services have in common: a port, what they were asked, and failing on command."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.stack.processes import free_port
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


class Service:
    """A service on a free port. `fail(429, {"Retry-After": "30"})`, `hang()` or `accept()` from now on.

    One kind overrides `take`, which judges a request as that service does.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.inbox: Inbox[Call] = Inbox()
        self.posts: dict[str, dict[str, Any]] = {}
        self._failure: tuple[int, dict[str, str]] | None = None
        self._released = threading.Event()
        self._released.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[Call]:
        return self.inbox.all()

    def fail(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Answer every request in this way."""
        self._failure = (status, headers or {})

    def hang(self) -> None:
        """Take requests, do what they say, and answer nothing."""
        self._released.clear()

    def accept(self) -> None:
        """Take every well-formed request."""
        self._failure = None
        self._released.set()

    def start(self) -> Service:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def refusal(self, status: int) -> Any:
        """The body with which the service refuses in this way."""
        return {"message": "refused", "status": status}

    def take(self, call: Call) -> Answer:
        """Judge a request as the service does."""
        raise NotImplementedError

    def _taken(self, call: Call) -> Answer:
        self.inbox.add(call)
        if self._failure is not None:
            status, headers = self._failure
            return status, self.refusal(status), headers
        answer = self.take(call)
        self._released.wait(600)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = json.loads(body) if body else None
                call = Call(time.time(), self.command, self.path, self.headers.get("Authorization", ""), said)
                status, told, headers = service._taken(call)
                answer = told.encode() if isinstance(told, str) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815

            def log_message(self, *_args: object) -> None:
                """Say nothing: the calls are in the inbox."""

        return Handler
