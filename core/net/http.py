"""The only HTTP client of the product.

It calls public addresses (and those that PRIVATE_TARGETS allows), asks the name server once and dials what
was checked, follows no redirect, reads no proxy from the environment, and is done within a fixed time and
size.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import certifi
import httpcore
from django.conf import settings

from core.net import names, targets
from core.net.targets import Blocked

__all__ = ["Blocked", "Client", "Failed", "NoAnswer", "Response", "TooLarge", "Unreachable", "request"]

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 5.0
MOST_BYTES = 65_536


class Failed(Exception):
    """There is no answer; the message says why and names neither address nor secret."""


class Unreachable(Failed):
    """No connection came about, so nothing was sent."""


class NoAnswer(Failed):
    """The connection broke or the time was over after sending began: the other side may have acted on it."""


class TooLarge(Failed):
    """The answer is longer than whoever asked wants to read; none of it was kept."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: names of headers in lower case; its body, of which 64 KB unless more was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Deadline(threading.local):
    until = 0.0

    def left(self, longest: float | None) -> float:
        """Seconds that an operation may take now."""
        remaining = self.until - time.monotonic()
        return max(0.0, remaining if longest is None else min(remaining, longest))


_deadline = _Deadline()


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write ends with the time of the whole request."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not (left := _deadline.left(timeout)):
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not (left := _deadline.left(timeout)):
            raise httpcore.WriteTimeout
        self._stream.write(buffer, left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        if not (left := _deadline.left(timeout)):
            raise httpcore.ConnectTimeout
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


Resolve = Callable[[str, int, float], list[str]]
Dial = Callable[[str, int, float], httpcore.NetworkStream]
Allowed = Callable[[], list[targets.Network]]


def _dial(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
    return httpcore.SyncBackend().connect_tcp(address, port, timeout)


class _Guarded(httpcore.NetworkBackend):
    """Dials only what was checked, so a name that changes its address between the two gains nothing."""

    def __init__(self, resolve: Resolve, dial: Dial, allowed: Allowed) -> None:
        self._resolve = resolve
        self._dial = dial
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        until = time.monotonic() + _deadline.left(CONNECT_SECONDS)
        addresses = self._resolve(host, port, until - time.monotonic())
        targets.check(targets.Target("http", host, port, "/"), addresses, self._allowed())
        failure: Exception = httpcore.ConnectError("the host name has no address")
        for address in addresses:
            if (left := until - time.monotonic()) <= 0:
                raise httpcore.ConnectTimeout
            try:
                return _Stream(self._dial(address, port, left))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def anywhere() -> list[targets.Network]:
    """Every network there is."""
    return targets.networks(["0.0.0.0/0", "::/0"])


def _private() -> list[targets.Network]:
    return _networks(tuple(settings.PRIVATE_TARGETS))


@lru_cache(maxsize=4)
def _networks(texts: tuple[str, ...]) -> list[targets.Network]:
    return targets.networks(texts)


def _tls() -> ssl.SSLContext:
    # The system's certificates (or SSL_CERT_FILE, for a private authority); on a bare system certifi's.
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass(slots=True)
class Client:
    """A pool of connections, kept for a few seconds each. Safe to use from several threads.

    `allowed` gives the private networks that may be called: those of PRIVATE_TARGETS, or `anywhere` for an address
    that nobody but the operator can set.
    """

    resolve: Resolve = names.resolve
    dial: Dial = _dial
    allowed: Allowed = _private
    _pool: httpcore.ConnectionPool = field(init=False)

    def __post_init__(self) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=64,
            max_keepalive_connections=32,
            keepalive_expiry=4.0,
            network_backend=_Guarded(self.resolve, self.dial, self.allowed),
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = TOTAL_SECONDS,
        most_bytes: int | None = None,
    ) -> Response:
        """Ask once and give the answer, whatever its status, within `timeout` seconds in all.

        Of a long body the first 64 KB are kept; with `most_bytes` it is whole, or TooLarge is raised.
        Raise Blocked when the address may not be called, Unreachable when nothing was sent, else NoAnswer.
        """
        target = targets.parse(url)
        _deadline.until = time.monotonic() + timeout
        try:
            with self._pool.stream(
                method,
                httpcore.URL(
                    scheme=target.scheme.encode(),
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers=_headers(target, headers or {}),
                content=body,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)},
            ) as answer:
                return _read(answer, most_bytes)
        except (
            names.NoSuchName,
            httpcore.ConnectError,
            httpcore.ConnectTimeout,
            httpcore.PoolTimeout,
        ) as error:
            raise Unreachable(_reason(error)) from error
        except httpcore.TimeoutException as error:
            raise NoAnswer(f"no answer within {timeout:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NoAnswer("the connection broke before the answer") from error

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pool.close()


def _headers(target: targets.Target, headers: Mapping[str, str]) -> Sequence[tuple[bytes, bytes]]:
    all_headers = {
        "Host": target.authority,
        "User-Agent": "Watchbill",
        "Accept-Encoding": "identity",
        **headers,
    }
    return [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in all_headers.items()]


def _read(answer: httpcore.Response, most_bytes: int | None) -> Response:
    body = bytearray()
    for part in answer.iter_stream():
        body += part
        if most_bytes is not None and len(body) > most_bytes:
            raise TooLarge(f"the answer is longer than {most_bytes:,} bytes")
        if most_bytes is None and len(body) >= MOST_BYTES:
            del body[MOST_BYTES:]
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    return Response(answer.status, headers, bytes(body))


def _reason(error: Exception) -> str:
    if isinstance(error, names.NoSuchName):
        return str(error)
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection in time"
    # httpcore hands on the first error as its argument.
    first = error.args[0] if error.args else None
    if isinstance(first, ssl.SSLCertVerificationError):
        return "the certificate was not accepted"
    return "no secure connection" if isinstance(first, ssl.SSLError) else "no connection"


class _Own:
    """The client of this process, made once however many threads ask first: reading certificates takes a
    while.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a forked process must."""
        self.lock = threading.Lock()
        self.client: Client | None = None


_own = _Own()
os.register_at_fork(after_in_child=_own.forget)


def client() -> Client:
    """The client of this process."""
    with _own.lock:
        if _own.client is None:
            _own.client = Client()
        return _own.client


def hang_up() -> None:
    """Close the connections that this process keeps."""
    with _own.lock:
        if _own.client is not None:
            _own.client.close()
            _own.client = None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = TOTAL_SECONDS,
    most_bytes: int | None = None,
) -> Response:
    """Ask with the client of this process; see `Client.request`."""
    return client().request(method, url, headers=headers, body=body, timeout=timeout, most_bytes=most_bytes)
