"""The real server in a thread, on the database of the tests: what a sender sees is what is tested."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import httpx
import uvicorn

from config.asgi import application
from core.stack import processes
from oncall.alerts.accept import recovery, store

if TYPE_CHECKING:
    from collections.abc import Iterable


class Door:
    """uvicorn with the product behind it, on a free port."""

    def __init__(self) -> None:
        self.port = processes.free_port()
        config = uvicorn.Config(
            application, host="127.0.0.1", port=self.port, log_level="error", access_log=False, lifespan="on"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def start(self) -> Door:
        """Start it and wait until it listens."""
        self.thread.start()
        while processes.is_free(self.port):
            self.thread.join(0.02)
        return self

    def stop(self) -> None:
        """Stop it; its connections to Postgres are closed on the way."""
        self.client.close()
        self.server.should_exit = True
        self.thread.join(10)

    def settle(self) -> None:
        """Wait until nothing is left to write after the answers, be it an ingest error or a file of the spool."""
        for _ in range(500):
            if not store.is_writing() and not recovery.is_needed():
                return
            self.thread.join(0.02)
        raise AssertionError("the door never stopped writing")

    def post(self, path: str, content: bytes | str | Iterable[bytes], **headers: str) -> httpx.Response:
        """Post a body; `Content_Type` in `headers` is sent as Content-Type."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=content, headers=sent)

    def say(self, head: str, body: bytes) -> bytes:
        """Send raw bytes, hang up our side, and give all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            line.sendall(head.encode() + body)
            line.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := line.recv(100_000):
                answer += chunk
            return answer
