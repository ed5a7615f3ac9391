"""What every stand-in for a service over HTTP shares: a free port, a thread, and hanging on command."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from core.stack.processes import free_port


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it came; header names are lower case, `at` is `time.time()`."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: text as it is, anything else as JSON."""

    status: int
    told: Any = ""
    headers: dict[str, str] | None = None

    @property
    def body(self) -> bytes:
        return (self.told if isinstance(self.told, str) else json.dumps(self.told)).encode()


class HttpPeer(ABC):
    """An HTTP server on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.port = free_port()
        self._released = threading.Event()
        self._released.set()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def respond(self, request: Request) -> Answer:
        """Judge a request as the service does."""

    def hang(self) -> None:
        """Take requests, do what they say, and answer nothing."""
        self._released.clear()

    def release(self) -> None:
        """Answer again, also what hung."""
        self._released.set()

    def held(self) -> None:
        """Wait as long as it hangs."""
        self._released.wait(600)

    def start(self) -> Self:
        """Listen; after `stop()` again on the same port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Refuse connections."""
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _handler(peer: HttpPeer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = peer.respond(Request(time.time(), self.command, self.path, headers, body))
            with suppress(BrokenPipeError, ConnectionResetError):  # whoever gave up is not waited for
                self._tell(answer)

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815

        def _tell(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in (answer.headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_args: object) -> None:
            """Say nothing: the requests are in the inbox."""

    return Handler
