"""The other ends of a measurement: a webhook sink that notes when each id arrived, and wrk."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

ID = re.compile(rb"bench-[0-9a-f]{8}-\d+")

LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n, body = 0, [==[%s]==]
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, (body:gsub("@N@", tostring(n))))
end
"""


class Sink:
    """An HTTP server that answers 200 to everything; `seen` holds the first arrival of each id in any body."""

    def __init__(self) -> None:
        self.seen: dict[bytes, float] = {}
        self.repeats = 0
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()

    def start(self) -> Sink:
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait()
        return self

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length:\s*(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                now = time.perf_counter()
                for found in set(ID.findall(body)):
                    if found in self.seen:
                        self.repeats += 1
                    else:
                        self.seen[found] = now
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def wait(self, count: int, *, seconds: float) -> float:
        """Seconds on the clock when the last of `count` ids arrived; TimeoutError when they did not."""
        end = time.perf_counter() + seconds
        while len(self.seen) < count:
            if time.perf_counter() > end:
                raise TimeoutError(f"{len(self.seen)} of {count} arrived within {seconds:.0f} s")
            threading.Event().wait(0.02)
        return max(self.seen.values())


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured."""

    per_second: float
    p99_ms: float
    refused: int


def wrk(url: str, body: str, *, connections: int, seconds: int) -> Load:
    """A closed loop of POSTs; `@N@` in the body is a running number."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % body)
        script.flush()
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script.name, url]
        out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    assert rate is not None
    assert p99 is not None
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99.group(2)]
    return Load(float(rate.group(1)), float(p99.group(1)) * scale, int(bad.group(1)) if bad else 0)
