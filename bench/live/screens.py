"""Open screens of a room as browsers have them: a stream each, and one request for all parts when something changed."""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Sequence

JITTER_SECONDS = 0.1
"""As in `static/live.js`."""
KEEP_SECONDS = 10.0
"""As in `static/here.js`."""
REGION = re.compile(r'hx-get="([^"]+)"[^>]*data-region="([^"]+)"')
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Connection:
    """One kept-alive connection to the product, with somebody's session."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Connection:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        return self

    async def get(self, path: str) -> bytes:
        """Ask, and give the body; RuntimeError for anything but 200."""
        return await self._send(f"GET {path} HTTP/1.1\r\n{self._head()}\r\n".encode())

    async def post(self, path: str, fields: dict[str, str], *, wanted: int = 302) -> bytes:
        """Send a form; RuntimeError for anything but what is wanted, a redirect."""
        body = urlencode(fields).encode()
        head = f"{self._head()}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return await self._send(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body, wanted=wanted)

    async def events(self, path: str) -> asyncio.StreamReader:
        """Open a stream and give what it says, its head read."""
        self._writer.write(f"GET {path} HTTP/1.1\r\n{self._head()}Accept: text/event-stream\r\n\r\n".encode())
        await self._reader.readuntil(b"event: beat")
        return self._reader

    def close(self) -> None:
        """End it."""
        self._writer.close()

    def _head(self) -> str:
        return f"Host: 127.0.0.1:{self.port}\r\nCookie: {self.cookie}\r\n"

    async def _send(self, content: bytes, *, wanted: int = 200) -> bytes:
        if self._reader.at_eof():  # the server gives a quiet connection back; browsers open it again
            await self.open()
        try:
            head = await self._asked(content)
        except (ConnectionResetError, asyncio.IncompleteReadError):  # it did while this was on its way
            await self.open()
            head = await self._asked(content)
        length = LENGTH.search(head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        status = int(head.split(b" ", 2)[1])
        if status != wanted:
            raise RuntimeError(f"{content.split(b' HTTP', 1)[0].decode()} answered {status}")
        return body

    async def _asked(self, content: bytes) -> bytes:
        self._writer.write(content)
        return await self._reader.readuntil(b"\r\n\r\n")


@dataclass(slots=True)
class Screen:
    """A room that somebody has open."""

    connection: Connection
    stream: Connection
    said: asyncio.StreamReader
    urls: Sequence[tuple[str, str]]
    ticket: str = ""
    told: int = 0
    seen: bytes = b""
    arrived: float = 0.0

    async def follow(self, topic: str, wanted: bytes) -> None:
        """Wait until a change is said, ask for all parts as the script does, and note when they have come."""
        while wanted not in self.seen:
            name, mark = await self._heard(topic)
            await asyncio.sleep(random.random() * JITTER_SECONDS)  # noqa: S311 - a pause
            asked = [url for url, names in self.urls if name in names.split()]
            query = urlencode([pair for url in asked for pair in (("r", url), ("at", mark))])
            self.seen = await self.connection.get(f"/regions/?{query}")
        self.arrived = time.perf_counter()

    async def _heard(self, topic: str) -> tuple[str, str]:
        mark = ""
        while True:
            said = await self.said.readline()
            if not said:
                raise ConnectionResetError("the stream ended")
            line = said.strip().decode()
            if line.startswith("id: "):
                mark = line[4:]
            name = line.removeprefix("data: ")
            self.told += line == "event: here"
            if name.partition("/")[0] == topic and name != line:
                return name, mark

    async def stay(self) -> None:
        """Keep the seat as the script does; the ticket came with the stream."""
        own = await Connection(self.connection.port, self.connection.cookie).open()
        token = self.connection.cookie.rpartition("=")[2]
        while True:
            await asyncio.sleep(KEEP_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - a pause
            await own.post("/here/", {"csrfmiddlewaretoken": token, "seat": self.ticket}, wanted=204)

    async def count(self) -> int:
        """Say how many regions the stream asks this screen to fetch, until it is cancelled."""
        fetched = 0
        try:
            while line := await self.said.readline():
                fetched += line.startswith((b"event: changed", b"event: resync"))
                self.told += line.startswith(b"event: here")
        except asyncio.CancelledError:
            pass
        return fetched

    def close(self) -> None:
        """Leave."""
        self.connection.close()
        self.stream.close()


async def open_screen(port: int, cookie: str, room: str, topic: str) -> Screen:
    """Load a room and open its stream."""
    connection = await Connection(port, cookie).open()
    page = (await connection.get(room)).decode()
    urls = [(unescape(url), names) for url, names in REGION.findall(page) if topic in names.split()]
    stream = await Connection(port, cookie).open()
    said = await stream.events(f"/live/?{urlencode({'topics': topic, 'here': topic})}")
    await said.readuntil(b"event: seat\ndata: ")
    ticket = (await said.readline()).strip().decode()
    return Screen(connection, stream, said, urls, ticket)
