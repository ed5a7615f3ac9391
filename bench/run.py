"""Limits and product side by side, in one run on one machine; prints ratios and ends non-zero below target.

`make bench` runs it. A private Postgres (fsync and synchronous_commit on) and Redis, real web, worker and pager
processes, a webhook sink as the person's phone, wrk for the closed loops. Figures move with the machine: compare
the ratios.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers import Sink, wrk
from core.stack import processes, programs
from core.stack.embedded import Postgres, Redis
from tests.waiting import until

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).resolve().parents[1]
KEY = secrets.token_hex(16)
SWITCH_SECONDS = 0.0005
"""Sender and receiver are threads of this process; by default either would keep the other waiting for 5 ms."""
HEAD = (
    "POST /v2/enqueue HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
)
EVENT = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "@ID@",
    "payload": {
        "summary": "CPU high on web-1 (@ID@)",
        "source": "web-1",
        "severity": "critical",
        "custom_details": {
            "region": "eu-1",
            "service": "checkout",
            "value": "95",
            "runbook": "https://example.org/rb/1",
        },
    },
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number beside its target."""

    name: str
    measured: float
    unit: str
    target: float
    at_least: bool
    beside: str

    @property
    def reached(self) -> bool:
        return self.measured >= self.target if self.at_least else self.measured <= self.target


class Product:
    """The servers and processes of one run, in a folder of their own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="watchbill-bench-"))
        self.postgres = Postgres(self.folder, may_create_databases=True, settings={"max_wal_size": "2GB"})
        self.redis = Redis(self.folder)
        self.port = processes.free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.settle()

    def settle(self) -> None:
        """Let this process and those it starts use the servers."""
        os.environ.update(
            {
                "WATCHBILL_DATA_DIR": str(self.folder),
                "DATABASE_URL": self.postgres.url,
                "REDIS_URL": self.redis.url,
                "SECRET_KEY": secrets.token_urlsafe(50),
                "BASE_URL": self.url,
                "EMAIL_URL": "smtp://127.0.0.1:9",
                "PAGER_STORM_AFTER": "0",  # one person gets them all
                "PAGES_PER_NIGHT": "0",
                "PRIVATE_TARGETS": "127.0.0.0/8",
                "LOG_LEVEL": "WARNING",
                "SELF_WATCH": "false",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
        )

    def run(self, name: str, argv: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = processes.spawn(
                argv, cwd=ROOT, env=programs.environment({}), stdout=log, stderr=log
            )

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        process.terminate()
        processes.ended_within(process, 10)
        processes.end_group(process)
        process.wait()

    def stop(self) -> None:
        for name in list(self.running):
            self.end(name)
        self.redis.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def answers(port: int, path: str) -> None:
    """Wait until a server answers; AssertionError after 30 s."""
    from core.stack import probe  # noqa: PLC0415

    until(lambda: probe.answers(port, path), seconds=30, what=f"{path} on {port}")


def company(sink_port: int) -> None:
    """One service, one policy, one person whose phone is the sink, one PagerDuty source."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    from django.db.models.functions import Now  # noqa: PLC0415

    from core.accounts.models import Team, User  # noqa: PLC0415
    from incidents.models import Service  # noqa: PLC0415
    from oncall import models  # noqa: PLC0415

    team = Team.objects.create(slug="bench", name="Bench")
    service = Service.objects.create(slug="bench", name="Bench", team=team)
    user = User.objects.create_user("bench@example.com", None, name="Bench Person")
    method = models.ContactMethod.objects.create(
        user=user, channel="webhook", address=f"http://127.0.0.1:{sink_port}/hook", verified_at=Now()
    )
    models.NotificationRule.objects.create(user=user, method=method, urgency="high", delay_seconds=0)
    policy = models.Policy.objects.create(slug="bench", name="Bench", is_default=True)
    level = models.Level.objects.create(policy=policy, position=0, timeout_seconds=3600)
    models.Target.objects.create(level=level, user=user)
    models.ServicePolicy.objects.create(service=service, policy=policy)
    models.Integration.objects.create(
        kind="pagerduty",
        name="Bench",
        service=service,
        key_prefix=KEY[:8],
        key_hash=hashlib.sha256(KEY.encode()).hexdigest(),
    )


def clear() -> None:
    """Empty the inbox between runs, so that each starts alike."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "truncate oncall_signal, oncall_alert, outbox_message, events_event restart identity cascade"
        )


def stored() -> int:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from oncall_signal")
        row = cursor.fetchone()
    return int(row[0])


def accepts(product: Product, *, rounds: int = 3, seconds: int = 5) -> Figure:
    """Durable accepts of single events at 8 connections, turn by turn with the yardstick, both behind uvicorn."""
    import psycopg  # noqa: PLC0415

    from bench.bare_table import TABLE  # noqa: PLC0415

    with psycopg.connect(product.postgres.url, autocommit=True) as connection:
        connection.execute(TABLE)
    bare_port = processes.free_port()
    product.run("bare", uvicorn("bench.bare:application", bare_port))
    product.run("web", programs.web(product.port).argv)
    answers(product.port, "/health/ready")
    answers(bare_port, "/ready")
    body = json.dumps(EVENT).replace("@ID@", "bench-00000000-@N@")
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(wrk(f"http://127.0.0.1:{bare_port}/insert", body, connections=8, seconds=seconds))
        before = stored()
        load = wrk(f"{product.url}/v2/enqueue", body, connections=8, seconds=seconds)
        kept = stored() - before
        assert kept >= load.per_second * seconds * 0.95, f"{kept} rows for {load}"
        ours.append(load)
        clear()
    assert not sum(load.refused for load in (*theirs, *ours)), "some requests were refused"
    product.end("bare")
    product.end("web")
    limit = statistics.median(load.per_second for load in theirs)
    got = statistics.median(load.per_second for load in ours)
    p99 = statistics.median(load.p99_ms for load in ours)
    return Figure(
        "durable accepts, 8 connections, of one raw INSERT on bare Django",
        100 * got / limit,
        "%",
        60,
        at_least=True,
        beside=f"{got:.0f}/s (p99 {p99:.1f} ms) beside {limit:.0f}/s; Grafana OnCall 640 to 800/s",
    )


def uvicorn(application: str, port: int) -> list[str]:
    """The product's own server with another application in it."""
    return [
        sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
        "--log-level", "warning", "--lifespan", "off",
    ]  # fmt: skip


def whole_product(product: Product) -> None:
    product.run("web", programs.web(product.port).argv)
    product.run("worker", programs.worker().argv)
    product.run("pagerd", programs.pagerd().argv)
    answers(product.port, "/health/ready")
    answers(product.port, "/health/pager")


async def post(
    port: int, bodies: list[bytes], *, every: float, connections: int
) -> list[tuple[float, float, int]]:
    """POST each body `every` seconds (0: as fast as `connections` take them); start, answer and status of each."""
    queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
    results: list[tuple[float, float, int]] = [(0.0, 0.0, 0)] * len(bodies)

    async def sender() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            n, body = await queue.get()
            started = time.perf_counter()
            head = HEAD.format(length=len(body))
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            results[n] = (started, time.perf_counter(), int(answer.split(b" ")[1]))
            queue.task_done()

    senders = [asyncio.create_task(sender()) for _ in range(connections)]
    begun = time.perf_counter()
    for n, body in enumerate(bodies):
        if every:
            await asyncio.sleep(max(0.0, begun + n * every - time.perf_counter()))
        queue.put_nowait((n, body))
    await queue.join()
    for task in senders:
        task.cancel()
    return results


def bodies(count: int) -> tuple[list[str], list[bytes]]:
    run = secrets.token_hex(4)
    ids = [f"bench-{run}-{n}" for n in range(count)]
    return ids, [json.dumps(EVENT).replace("@ID@", one).encode() for one in ids]


def all_the_way(product: Product, sink: Sink, *, count: int = 3000) -> Figure:
    """Distinct alerts posted as fast as they are taken, until the last page has reached the person's phone."""
    sink.seen.clear()
    _, payloads = bodies(count)
    results = asyncio.run(post(product.port, payloads, every=0, connections=8))
    assert all(status == 202 for _, _, status in results), "some events were refused"
    last = sink.wait(count, seconds=120)
    rate = count / (last - min(started for started, _, _ in results))
    return Figure(
        "alerts all the way to a sent page",
        rate,
        "/s",
        300,
        at_least=True,
        beside="Grafana OnCall 15 to 27/s",
    )


def latencies(product: Product, sink: Sink, *, count: int = 300, per_second: float = 10) -> list[Figure]:
    """Accepted to first send at 10 a second."""
    sink.seen.clear()
    ids, payloads = bodies(count)
    results = asyncio.run(post(product.port, payloads, every=1 / per_second, connections=4))
    sink.wait(count, seconds=30)
    took = sorted(
        1000 * (sink.seen[one.encode()] - answered)
        for one, (_, answered, _) in zip(ids, results, strict=True)
    )
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99) - 1]
    return [
        Figure(
            "accepted to first send, p50",
            p50,
            " ms",
            25,
            at_least=False,
            beside="Grafana OnCall 1,160 ms at best",
        ),
        Figure(
            "accepted to first send, p99",
            p99,
            " ms",
            150,
            at_least=False,
            beside="Grafana OnCall 1,470 ms at best",
        ),
    ]


def measure() -> list[Figure]:
    """Run everything once; the figures."""
    sys.setswitchinterval(SWITCH_SECONDS)
    product, sink = Product(), Sink().start()
    try:
        product.start()
        company(sink.port)
        figures = [accepts(product)]
        whole_product(product)
        figures += [all_the_way(product, sink), *latencies(product, sink)]
        assert sink.repeats == 0, f"{sink.repeats} pages were sent twice"
    finally:
        product.stop()
    return figures


def main() -> int:
    """Print a table and one JSON line; 1 when a figure misses its target."""
    figures = measure()
    for figure in figures:
        mark = "ok  " if figure.reached else "MISS"
        sign = "at least" if figure.at_least else "at most"
        goal = f"{sign} {figure.target:g}{figure.unit}"
        print(f"{mark} {figure.name}: {figure.measured:.1f}{figure.unit} ({goal}); {figure.beside}")
    print(json.dumps([asdict(figure) for figure in figures]))
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
