"""`make bench-live`: how long a change takes to everybody else's screen, and what the board and a long room cost."""

from __future__ import annotations

import asyncio
import random
import secrets
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from bench.live.screens import Connection, Screen, open_screen
from bench.run import Figure, Product, answers
from core.stack import programs

if TYPE_CHECKING:
    from collections.abc import Sequence

INCIDENTS = 10_000
ENTRIES = 1_000
LOOKS = 60
PARTICIPANTS = 20
PROCESSES = 2
SETTLE_SECONDS = 3.0


def company(people: int) -> tuple[Any, list[str]]:
    """The sample company grown: many incidents, one long room, and so many people who are signed in; their cookies."""
    import django  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from config.demo import company as demo  # noqa: PLC0415
    from incidents.models import Incident, Severity, TimelineEntry  # noqa: PLC0415

    demo.build()
    at, level = timezone.now(), Severity.objects.earliest("rank")
    last = Incident.objects.latest("number").number
    Incident.objects.bulk_create(
        Incident(
            number=last + 1 + n, title=f"Past incident {n}", severity=level, status="closed", started_at=at,
            detected_at=at, declared_at=at, resolved_at=at, closed_at=at,
        )
        for n in range(INCIDENTS)
    )  # fmt: skip
    incident = Incident.objects.active().get(title__startswith="Search results")
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=incident, kind="note", text=f"Looked at shard {n}", at=at, recorded_at=at)
        for n in range(ENTRIES)
    )
    cookies = [_signed_in(incident, n) for n in range(people)]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as Postgres does by itself a minute later
    return incident, cookies


def _signed_in(incident: Any, n: int) -> str:
    """Give the cookies of somebody more, who takes part if they are one of the first."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from core.accounts.models import User  # noqa: PLC0415
    from incidents.lifecycle import operations  # noqa: PLC0415

    person = User.objects.create_user(f"screen{n}@example.com", None, name=f"Screen {n}", role="responder")
    if n < PARTICIPANTS:
        operations.join(incident, user=person)
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={secrets.token_hex(16)}"


async def told(
    port: int, incident: Any, cookies: Sequence[str], *, changes: int
) -> tuple[list[float], list[float]]:
    """Milliseconds from one person's press until the new bytes lie at each other screen, and until they do at the last."""
    room, topic = f"/incidents/{incident}/", f"incident-{incident.pk}"
    writer = await Connection(port, cookies[0]).open()
    token = cookies[0].rpartition("=")[2]
    screens: list[Screen] = []
    for cookie in cookies[1:]:
        screens.append(await open_screen(port, cookie, room, topic))
    staying = [asyncio.create_task(screen.stay()) for screen in screens]
    await asyncio.sleep(SETTLE_SECONDS)
    each, last = [], []
    for _ in range(changes):
        word = f"seen-{secrets.token_hex(6)}"
        following = [asyncio.create_task(screen.follow(topic, word.encode())) for screen in screens]
        await asyncio.sleep(random.random() / 10)  # noqa: S311 - when people press
        begun = time.perf_counter()
        await writer.post(f"{room}notes/", {"csrfmiddlewaretoken": token, "kind": "note", "text": word})
        await asyncio.wait_for(asyncio.gather(*following), 60)
        took = [1000 * (screen.arrived - begun) for screen in screens]
        each += took
        last.append(max(took))
        await asyncio.sleep(0.5)
    for task in staying:
        task.cancel()
    for screen in screens:
        screen.close()
    writer.close()
    return each, last


def live(port: int, incident: Any, cookies: Sequence[str], *, changes: int, target: float) -> list[Figure]:
    each, last = asyncio.run(told(port, incident, cookies, changes=changes))
    p99 = sorted(each)[int(len(each) * 0.99) - 1]
    others = len(cookies) - 1
    beside = f"p50 {statistics.median(each):.0f} ms; the last screen {statistics.median(last):.0f} ms; {changes} changes"
    return [
        Figure(
            f"a note drawn on {others} other screens, p99", p99, " ms", target, at_least=False, beside=beside
        )
    ]


async def came(port: int, incident: Any, cookies: Sequence[str]) -> tuple[int, int, int]:
    """How many of the open screens were told that one more came, how often, and how many requests that made of them."""
    room, topic = f"/incidents/{incident}/", f"incident-{incident.pk}"
    screens = [await open_screen(port, cookie, room, topic) for cookie in cookies[1:]]
    staying = [asyncio.create_task(screen.stay()) for screen in screens]
    await asyncio.sleep(2 * SETTLE_SECONDS)
    counting = [asyncio.create_task(screen.count()) for screen in screens]
    await asyncio.sleep(1)  # what was said while they were opened is read
    for count in counting:
        count.cancel()
    await asyncio.gather(*counting)
    for screen in screens:
        screen.told = 0
    counting = [asyncio.create_task(screen.count()) for screen in screens]
    newcomer = await open_screen(port, cookies[0], room, topic)
    await asyncio.sleep(3 * SETTLE_SECONDS)
    for count in counting:
        count.cancel()
    fetched = sum(await asyncio.gather(*counting))
    for task in staying:
        task.cancel()
    for screen in (*screens, newcomer):
        screen.close()
    return sum(screen.told > 0 for screen in screens), max(screen.told for screen in screens), fetched


def arrival(port: int, incident: Any, cookies: Sequence[str]) -> list[Figure]:
    told, most, fetched = asyncio.run(came(port, incident, cookies))
    others = len(cookies) - 1
    beside = f"{told} of them were told, {most} times at most"
    return [
        Figure(
            f"requests of {others} screens because one more came",
            fetched,
            "",
            0,
            at_least=False,
            beside=beside,
        )
    ]


async def looks(port: int, cookie: str, path: str) -> list[float]:
    connection = await Connection(port, cookie).open()
    took = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        await connection.get(path)
        took.append(1000 * (time.perf_counter() - begun))
    connection.close()
    return sorted(took[5:])


def pages(port: int, incident: Any, cookie: str) -> list[Figure]:
    """What the two screens cost that are open all the time, one request after another."""
    figures = []
    for name, path in (("board", "/incidents/"), ("room", f"/incidents/{incident}/")):
        took = asyncio.run(looks(port, cookie, path))
        p95 = took[int(len(took) * 0.95) - 1]
        beside = f"p50 {statistics.median(took):.0f} ms; {INCIDENTS:,} incidents, {ENTRIES:,} entries"
        figures.append(Figure(f"the {name}, p95", p95, " ms", 50, at_least=False, beside=beside))
    return figures


def main() -> int:
    product = Product()
    product.start()
    try:
        incident, cookies = company(501)
        product.run("web", programs.web(product.port, workers=PROCESSES).argv)
        answers(product.port, "/health/ready")
        figures = [
            *pages(product.port, incident, cookies[30]),
            *live(product.port, incident, cookies[:51], changes=20, target=300),
            *live(product.port, incident, cookies, changes=5, target=2000),
            *arrival(product.port, incident, cookies),
        ]
    finally:
        product.stop()
    for figure in figures:
        mark = "ok " if figure.reached else "NOT"
        sys.stdout.write(
            f"{mark} {figure.name}: {figure.measured:.0f}{figure.unit}, target {figure.target:.0f} ({figure.beside})\n"
        )
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
