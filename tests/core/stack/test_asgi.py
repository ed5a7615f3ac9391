"""The front door, by a real uvicorn and raw sockets: what matters is what leaves and reaches the wire."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.asgi import MAX_BODY_BYTES
from core.stack import bodies, processes

ROOT = Path(__file__).parents[3]


class Server:
    def __init__(self, witness: Path) -> None:
        self.port = processes.free_port()
        self.witness = witness
        argv = [sys.executable, "-m", "uvicorn", "tests.core.stack.echo:application", "--log-level=warning"]
        self.process = processes.spawn(
            [*argv, f"--port={self.port}", "--no-server-header"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        while processes.is_free(self.port):
            assert not processes.ended_within(self.process, 0.05)

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def send(self, head: str, body: bytes, *, hang_up: bool = False) -> bytes:
        """Send a POST, close our sending side when told to, and give everything that comes back."""
        with self.dial() as line:
            start = (
                f"POST /anything/ HTTP/1.1\r\nHost: x\r\nX-Witness: {self.witness}\r\nConnection: close\r\n"
            )
            line.sendall(f"{start}{head}\r\n".encode() + body)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := line.recv(1_000_000):
                answer += chunk
            return answer

    def seen(self) -> list[str]:
        return self.witness.read_text().splitlines() if self.witness.exists() else []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("asgi") / "witness")
    yield running
    running.process.terminate()
    running.process.wait(10)


@pytest.fixture(autouse=True)
def _fresh(server: Server) -> None:
    server.witness.unlink(missing_ok=True)


def chunked(*parts: bytes) -> bytes:
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in [*parts, b""])


def body_of(answer: bytes) -> bytes:
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    return answer.split(b"\r\n\r\n", 1)[1]


def test_a_chunked_body_arrives_whole(server: Server) -> None:
    parts = [b"one" * 10_000, b"two", b"three" * 100_000]
    assert body_of(server.send("Transfer-Encoding: chunked\r\n", chunked(*parts))) == b"".join(parts)
    assert server.seen() == ["POST 530003"]


def test_a_plain_body_arrives_whole(server: Server) -> None:
    body = bytes(range(256)) * 4000
    assert body_of(server.send(f"Content-Length: {len(body)}\r\n", body)) == body


def test_no_body_stays_no_body(server: Server) -> None:
    assert body_of(server.send("Content-Length: 0\r\n", b"")) == b""
    assert server.seen() == ["POST 0"]


def test_a_body_cut_short_never_reaches_the_application(server: Server) -> None:
    answer = server.send("Content-Length: 1000\r\n", b'{"half": ', hang_up=True)
    assert b"200 OK" not in answer
    assert server.seen() == []


def test_a_chunked_body_without_its_end_never_reaches_the_application(server: Server) -> None:
    answer = server.send("Transfer-Encoding: chunked\r\n", b'9\r\n{"half": \r\n', hang_up=True)
    assert b"200 OK" not in answer
    assert server.seen() == []


def test_a_body_at_the_limit_is_taken(server: Server) -> None:
    body = b"x" * MAX_BODY_BYTES
    assert body_of(server.send(f"Content-Length: {len(body)}\r\n", body)) == body


def test_a_declared_length_over_the_limit_is_refused_unread(server: Server) -> None:
    answer = server.send(f"Content-Length: {MAX_BODY_BYTES + 1}\r\n", b"")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer
    assert server.seen() == []


def test_a_browser_is_told_in_words_that_it_was_too_large(server: Server) -> None:
    answer = server.send(f"Content-Length: {MAX_BODY_BYTES + 1}\r\nAccept: text/html,*/*;q=0.8\r\n", b"")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"What you sent has more than 6 MB. Nothing was kept." in answer
    assert b"default-src 'none'" in answer


def test_a_chunked_body_over_the_limit_is_refused(server: Server) -> None:
    part = b"x" * 1_000_000
    answer = server.send("Transfer-Encoding: chunked\r\n", chunked(*[part] * 6, b"one more"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert server.seen() == []


@pytest.mark.asyncio
async def test_a_body_shorter_than_declared_is_cut_off_even_if_the_server_calls_it_complete() -> None:
    async def receive() -> bodies.Message:
        return {"type": "http.request", "body": b"half", "more_body": False}

    with pytest.raises(bodies.CutOff):
        await bodies.whole({"headers": [(b"content-length", b"8")]}, receive, limit=100)


@pytest.mark.asyncio
async def test_a_replayed_body_is_given_once_and_then_the_connection_speaks() -> None:
    async def receive() -> bodies.Message:
        return {"type": "http.disconnect"}

    again = bodies.replay(b"whole", receive)
    assert (await again())["body"] == b"whole"
    assert await again() == {"type": "http.disconnect"}
