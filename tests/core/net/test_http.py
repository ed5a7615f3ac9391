from __future__ import annotations

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpcore
import pytest

from core.net import http, names
from tests.waiting import pass_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import Settings

    from tests.core.net.conftest import Certificate
    from tests.peers import WebhookSink


class Raw:
    """A TCP server that says what it is told to, however slowly."""

    def __init__(self, converse: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.connections = 0
        self._converse = converse
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._converse(connection)


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], Raw]]:
    """Make such servers; they end with the test."""
    servers: list[Raw] = []

    def make(converse: Callable[[socket.socket], None]) -> Raw:
        servers.append(Raw(converse))
        return servers[-1]

    yield make
    for server in servers:
        server.listener.close()


@pytest.fixture
def client() -> Iterator[http.Client]:
    client = http.Client()
    yield client
    client.close()


def test_a_request_arrives_as_it_was_meant(client: http.Client, webhook_sink: WebhookSink) -> None:
    answer = client.request("POST", f"{webhook_sink.url}?a=1", headers={"X-Mine": "yes"}, body=b"{}")
    (request,) = webhook_sink.requests
    assert answer.status == 200
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=1", b"{}")
    assert request.headers["x-mine"] == "yes"
    assert request.headers["host"] == f"127.0.0.1:{webhook_sink.port}"
    assert request.headers["user-agent"] == "Watchbill"


def test_any_status_is_an_answer(client: http.Client, webhook_sink: WebhookSink) -> None:
    webhook_sink.answer(503, {"Retry-After": "30"})
    answer = client.request("GET", webhook_sink.url)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


def test_a_redirect_is_not_followed(client: http.Client, webhook_sink: WebhookSink) -> None:
    webhook_sink.answer(302, {"Location": f"{webhook_sink.url}/elsewhere"})
    assert client.request("GET", webhook_sink.url).status == 302
    assert len(webhook_sink.requests) == 1


def test_no_proxy_is_taken_from_the_environment(
    client: http.Client, webhook_sink: WebhookSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client.request("GET", webhook_sink.url).status == 200


def test_a_private_address_is_not_dialled(
    webhook_sink: WebhookSink, client: http.Client, settings: Settings
) -> None:
    settings.PRIVATE_TARGETS = []
    with pytest.raises(http.Blocked):
        client.request("GET", webhook_sink.url)
    with pytest.raises(http.Blocked):
        client.request("GET", "http://127.0.0.1/")
    assert webhook_sink.requests == []


def test_a_name_that_changes_its_address_gains_nothing(settings: Settings) -> None:
    """The first answer is public, every later one private; what was checked is what is dialled."""
    settings.PRIVATE_TARGETS = []
    asked: list[str] = []
    dialled: list[str] = []

    def resolve(host: str, _port: int, _timeout: float) -> list[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    def dial(address: str, _port: int, _timeout: float) -> httpcore.NetworkStream:
        dialled.append(address)
        raise httpcore.ConnectError

    client = http.Client(resolve, dial)
    with pytest.raises(http.Unreachable):
        client.request("GET", "https://rebinding.example/")
    assert (asked, dialled) == (["rebinding.example"], ["93.184.215.14"])
    with pytest.raises(http.Blocked):
        client.request("GET", "https://rebinding.example/")
    assert dialled == ["93.184.215.14"]


def test_every_address_of_a_name_is_tried_in_turn(webhook_sink: WebhookSink) -> None:
    dialled: list[str] = []

    def dial(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
        dialled.append(address)
        if address == "127.0.0.2":
            raise httpcore.ConnectError
        return http._dial(address, port, timeout)

    client = http.Client(lambda *_: ["127.0.0.2", "127.0.0.1"], dial)
    assert client.request("GET", f"http://two.example:{webhook_sink.port}/").status == 200
    assert dialled == ["127.0.0.2", "127.0.0.1"]
    client.close()


def test_a_name_without_an_address_is_unreachable(client: http.Client) -> None:
    with pytest.raises(http.Unreachable, match="the host name has no address"):
        client.request("GET", "https://nowhere.example/")


def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: gate.wait(10))
    began = time.monotonic()
    with pytest.raises(names.NoSuchName, match="in time"):
        names.resolve("slow.example", 443, 0.1)
    assert time.monotonic() - began < 1
    gate.set()


def test_nobody_listening_is_unreachable(client: http.Client, webhook_sink: WebhookSink) -> None:
    webhook_sink.stop()
    with pytest.raises(http.Unreachable):
        client.request("GET", webhook_sink.url)


def test_an_answer_that_does_not_come_ends_in_time(client: http.Client, webhook_sink: WebhookSink) -> None:
    webhook_sink.hang()
    began = time.monotonic()
    with pytest.raises(http.NoAnswer, match=r"within 0\.3 s"):
        client.request("POST", webhook_sink.url, timeout=0.3)
    assert time.monotonic() - began < 1


def test_an_answer_that_trickles_ends_in_time(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            pass_by(0.05)
            connection.sendall(b"x")

    began = time.monotonic()
    with pytest.raises(http.NoAnswer):
        client.request("GET", raw(trickle).url, timeout=0.4)
    assert time.monotonic() - began < 1


def test_a_connection_that_breaks_is_no_answer(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def take_and_leave(connection: socket.socket) -> None:
        connection.recv(4096)

    with pytest.raises(http.NoAnswer, match="broke"):
        client.request("POST", raw(take_and_leave).url, body=b"x")


def test_only_the_first_64_kb_are_read(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def flood(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    answer = client.request("GET", raw(flood).url)
    assert (answer.status, len(answer.body)) == (200, 65_536)


@pytest.mark.parametrize("length", [b"Content-Length: 100001\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_what_is_wanted_whole_is_refused_where_it_is_too_large(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw], length: bytes
) -> None:
    def send(connection: socket.socket) -> None:
        connection.recv(4096)
        body = b"x" * 100_001
        body = b"186a1\r\n" + body + b"\r\n0\r\n\r\n" if b"chunked" in length else body
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + b"\r\n" + body)

    server = raw(send)
    assert len(client.request("GET", server.url, most_bytes=100_001).body) == 100_001
    with pytest.raises(http.TooLarge, match="longer than 100,000 bytes"):
        client.request("GET", server.url, most_bytes=100_000)


def test_a_connection_is_used_again(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def answer_all(connection: socket.socket) -> None:
        while connection.recv(4096):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = raw(answer_all)
    for _ in range(3):
        assert client.request("POST", server.url).status == 204
    assert server.connections == 1


def test_what_is_no_http_is_no_answer(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def speak_smtp(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"220 mail.example ESMTP\r\n")

    with pytest.raises(http.NoAnswer):
        client.request("GET", raw(speak_smtp).url)


def test_what_is_no_tls_is_unreachable(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw]
) -> None:
    def no_tls(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"this is not TLS")

    with pytest.raises(http.Unreachable, match="no secure connection"):
        client.request("GET", raw(no_tls).url.replace("http:", "https:"))


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    client: http.Client, raw: Callable[[Callable[[socket.socket], None]], Raw], certificate: Certificate
) -> None:
    def greet(connection: socket.socket) -> None:
        certificate.server().wrap_socket(connection, server_side=True).recv(1)

    with pytest.raises(http.Unreachable, match="certificate was not accepted"):
        client.request("GET", raw(greet).url.replace("http:", "https:"))


def test_a_certificate_of_the_operator_s_own_authority_is_accepted(
    raw: Callable[[Callable[[socket.socket], None]], Raw],
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(connection: socket.socket) -> None:
        with certificate.server().wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    client = http.Client()
    assert client.request("GET", raw(answer).url.replace("http:", "https:")).status == 204
    client.close()


def test_the_process_has_one_client_however_many_threads_ask_first(webhook_sink: WebhookSink) -> None:
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(lambda _: http.client(), range(8))}
    assert len(clients) == 1
    assert http.request("GET", webhook_sink.url).status == 200
    http.hang_up()
