"""The other side, in a process of its own: takes every page, notes when, and tells the oracle.

`python -m tests.chaos.sink PORT`. POST /hook/…/bob is a page to bob, GET /receipts gives all of them, GET
/links the address in the first page about each alert, POST /delay/0.3 slows it, POST /fail/0.3 lets it answer 500 to three in ten, and take those not; POST /behave/bob/500 lets it answer so
to every page to bob ("429": come again in 30 seconds), POST /behave/bob/200 ends that.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress

from core.stack.processes import free_port, spawn
from tests.chaos.oracle import Receipt

LISTENING = b"listening\n"


class Server:
    """What runs in that process."""

    def __init__(self) -> None:
        self.receipts: list[tuple[float, str, str, str]] = []
        self.links: dict[str, str] = {}
        self.behaviours: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.delay = 0.0
        self.failing = 0.0
        self.chance = random.Random(1)  # noqa: S311 - the same failures every time

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                path = head[0].split()[1]
                if (refusal := self.refusal(path)) is not None:
                    writer.write(refusal)
                else:
                    answer = await self.answer(path, headers, body)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
                await writer.drain()
        writer.close()

    def refusal(self, path: str) -> bytes | None:
        """How a page is refused, if it is."""
        kind, to = path.split("/")[1], path.rpartition("/")[2]
        status = self.behaviours.get(to, "200") if kind == "hook" else "200"
        if kind == "hook" and status == "200" and self.chance.random() < self.failing:
            status = "500"
        if status == "200":
            return None
        self.refused[to] += 1
        later = "Retry-After: 30\r\n" if status == "429" else ""
        return f"HTTP/1.1 {status} Broken on purpose\r\n{later}Content-Length: 0\r\n\r\n".encode()

    async def answer(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """Do what an address is for."""
        _, word, *rest = path.split("/")
        if word == "receipts":
            return json.dumps(self.receipts).encode()
        if word == "links":
            return json.dumps(self.links).encode()
        if word == "refused":
            return json.dumps(self.refused).encode()
        if word != "hook":
            self.obey(word, *rest)
            return b""
        told = json.loads(body)
        title = told["data"].get("title", "") or told["subject"]
        self.receipts.append((time.time(), headers["idempotency-key"], title, rest[-1]))
        self.links.setdefault(title, told["url"])
        await asyncio.sleep(self.delay)
        return b""

    def obey(self, word: str, *values: str) -> None:
        """Behave otherwise from now on."""
        if word == "delay":
            self.delay = float(values[0])
        elif word == "fail":
            self.failing = float(values[0])
        elif word == "seed":
            self.chance.seed(int(values[0]))
        elif word == "forget":
            self.receipts.clear()
            self.links.clear()
            self.refused.clear()
        elif word == "behave":
            self.behaviours[values[0]] = values[1]


async def serve(port: int) -> None:
    """Listen until ended."""
    server = await asyncio.start_server(Server().converse, "127.0.0.1", port)
    sys.stdout.buffer.write(LISTENING)
    sys.stdout.flush()
    await server.serve_forever()


class Sink:
    """That process, as the tests hold it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = spawn(
            [sys.executable, "-m", "tests.chaos.sink", str(self.port)], stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == LISTENING, "the sink does not listen"

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def slow(self, seconds: float) -> None:
        """Let it take so long over each page."""
        self._ask("POST", f"/delay/{seconds}")

    def fail(self, share: float) -> None:
        """Let it refuse such a share of the pages for now, as 0.3."""
        self._ask("POST", f"/fail/{share}")

    def seed(self, number: int) -> None:
        """Choose which ones it refuses."""
        self._ask("POST", f"/seed/{number}")

    def behave(self, to: str, status: int) -> None:
        """Let it answer every page to somebody with this status; 200 takes them again."""
        self._ask("POST", f"/behave/{to}/{status}")

    def refused(self, to: str) -> int:
        """How often it has refused a page to somebody."""
        return int(json.loads(self._ask("GET", "/refused")).get(to, 0))

    def forget(self) -> None:
        """Let it forget what it has taken."""
        self._ask("POST", "/forget")

    def receipts(self) -> list[Receipt]:
        """Everything it has taken since it forgot, in order."""
        return [Receipt(*row) for row in json.loads(self._ask("GET", "/receipts"))]

    def links(self) -> dict[str, str]:
        """The address in the first page about each alert since it forgot, by title."""
        found: dict[str, str] = json.loads(self._ask("GET", "/links"))
        return found

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path)
            return connection.getresponse().read()
        finally:
            connection.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
