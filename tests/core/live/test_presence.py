"""Who has a page open, over real streams and a real Redis."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis
from asgiref.sync import sync_to_async
from django.conf import settings as configured
from django.db import connections
from django.test import AsyncClient, Client

from core.accounts.models import Session, User
from core.live import presence, registry, seats
from core.live.seats import hall
from tests.core.live.test_stream import make, say, signed_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest_asyncio.fixture(autouse=True)
async def _the_thread_of_the_loop_gives_its_connection_back() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture(autouse=True)
def _nobody_is_there_yet(topics: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    topics |= {"room-7:alice@example.com", "room-7:bob@example.com"}
    monkeypatch.setattr(registry, "_attended", {"room"})
    monkeypatch.setattr(seats, "LOOK_SECONDS", 0.05)
    store().delete(f"{presence.PREFIX}room-7")
    yield
    store().delete(f"{presence.PREFIX}room-7")


def store() -> Any:
    return redis.Redis.from_url(configured.REDIS_URL)


class Page:
    """A page with its stream open, and all that the stream said."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self._task: asyncio.Task[None] | None = None

    async def open(self, client: AsyncClient, query: str) -> Page:
        answer = await client.get(f"/live/?{query}")
        assert answer.status_code == 200

        async def listen() -> None:
            async for chunk in answer.streaming_content:  # type: ignore[attr-defined]
                fields = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
                self.heard.append((fields["event"], fields["data"]))

        self._task = asyncio.create_task(listen())
        return self

    async def close(self) -> None:
        assert self._task
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def last(self, event: str) -> str:
        return next((data for name, data in reversed(self.heard) if name == event), "")

    @property
    def names(self) -> list[str]:
        """Who is there, as this page was told last."""
        return [
            each["name"].split()[0] for each in json.loads(self.last("here") or '{"people": []}')["people"]
        ]

    async def shows(self, *names: str) -> None:
        try:
            async with asyncio.timeout(8):
                while self.names != list(names):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            assert self.names == list(names), self.heard


ROOM = "topics=room-7,news&here=room-7"


async def page(client: AsyncClient, query: str = ROOM) -> Page:
    return await Page().open(client, query)


async def test_who_comes_is_shown_to_who_is_there_and_nothing_is_asked_for_again() -> None:
    alices = await page(await signed_in(await make("Alice")))
    await alices.shows("Alice")
    before = [event for event in alices.heard if event[0] in {"changed", "resync"}]
    bobs = await page(await signed_in(await make("Bob")))
    await alices.shows("Alice", "Bob")
    await bobs.shows("Alice", "Bob")
    assert [event for event in alices.heard if event[0] in {"changed", "resync"}] == before
    assert json.loads(alices.last("here"))["number"] == 2
    assert await sync_to_async(presence.here)("room-7") == presence.Here(
        tuple(
            [
                presence.Person(user.pk, user.name, user.initials)
                async for user in User.objects.order_by("name")
            ]
        )
    )
    await alices.close()
    await bobs.close()


async def test_two_pages_of_one_person_are_one_person() -> None:
    client = await signed_in(await make("Alice"))
    first, second = await page(client), await page(client)
    await second.shows("Alice")
    async with asyncio.timeout(5):
        while store().zcard(f"{presence.PREFIX}room-7") != 2:
            await asyncio.sleep(0.02)
    assert json.loads(second.last("here"))["number"] == 1
    await first.close()
    await second.close()


async def test_who_closes_the_page_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0)
    alices = await page(await signed_in(await make("Alice")))
    bobs = await page(await signed_in(await make("Bob")))
    await alices.shows("Alice", "Bob")
    await bobs.close()
    await alices.shows("Alice")
    await alices.close()


async def test_a_page_that_is_loaded_again_was_never_gone() -> None:
    alices, bob = await page(await signed_in(await make("Alice"))), await signed_in(await make("Bob"))
    bobs = await page(bob)
    await alices.shows("Alice", "Bob")
    told = len([name for name, _ in alices.heard if name == "here"])
    await bobs.close()
    bobs = await page(bob)
    await bobs.shows("Alice", "Bob")
    assert len([name for name, _ in alices.heard if name == "here"]) == told
    await alices.close()
    await bobs.close()


async def test_a_connection_that_is_lost_without_a_word_is_gone_by_its_silence() -> None:
    """What the browser does not keep runs out, however long the process believes in its stream."""
    alices = await page(await signed_in(await make("Alice")))
    bobs = await page(await signed_in(await make("Bob")))
    await alices.shows("Alice", "Bob")
    key, ticket = f"{presence.PREFIX}room-7", bobs.last("seat")
    kept = next(seat for seat in store().zrange(key, 0, -1) if b"Bob" in seat)
    left = store().zscore(key, kept) - store().time()[0]
    assert 20 <= left <= presence.SECONDS
    store().zadd(key, {kept: store().time()[0]})
    await alices.shows("Alice")
    assert not await sync_to_async(presence.keep)(ticket)
    await alices.close()
    await bobs.close()


async def test_the_browser_keeps_its_seat_with_what_was_signed_for_it_and_takes_none() -> None:
    alices = await page(await signed_in(await make("Alice")))
    await alices.shows("Alice")
    key, ticket = f"{presence.PREFIX}room-7", alices.last("seat")
    (kept,) = store().zrange(key, 0, -1)
    store().zadd(key, {kept: store().time()[0] + 3})
    post = sync_to_async(Client().post)
    assert (await post("/here/", {"seat": ticket})).status_code == 204
    assert store().zscore(key, kept) - store().time()[0] >= 20
    for wrong in (
        "",
        "x",
        ticket[:-1],
        presence.signed("room-7", presence.seat("other", presence.Person(1, "M", "M"))),
    ):
        assert (await post("/here/", {"seat": wrong})).status_code == 410
    assert store().zcard(key) == 1
    assert (
        await sync_to_async(Client(enforce_csrf_checks=True).post)("/here/", {"seat": ticket})
    ).status_code == 403
    await alices.close()


@pytest.mark.parametrize("query", ["topics=room-7", "topics=news&here=room-7", "topics=news&here=news", ROOM])
async def test_a_seat_has_who_may_hear_and_has_the_page_itself_open(query: str) -> None:
    """Mallory may not hear of the room; the others look at another page of it, or at none."""
    client = await signed_in(await make("Mallory" if query == ROOM else "Alice"))
    alices, other = await page(await signed_in(await make("Bob"))), await page(client, query)
    await alices.shows("Bob")
    await say("news")
    await alices.shows("Bob")
    assert (other.last("seat"), other.last("here")) == ("", "")
    await alices.close()
    await other.close()


@pytest.mark.parametrize("how", ["no longer a member", "signed out"])
async def test_who_loses_the_right_is_gone_and_told_nothing_more(topics: set[str], how: str) -> None:
    alices = await page(await signed_in(await make("Alice")))
    bob = await make("Bob")
    bobs = await page(await signed_in(bob))
    await alices.shows("Alice", "Bob")
    if how == "signed out":
        await Session.objects.filter(user_id=bob.pk).adelete()
    else:
        topics.discard("room-7:bob@example.com")
    await alices.shows("Alice")
    assert not await sync_to_async(presence.keep)(bobs.last("seat"))
    assert bobs.names == ["Alice", "Bob"]
    await alices.close()
    await bobs.close()


async def test_without_redis_nobody_is_named_and_the_page_goes_on(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    presence._redis.cache_clear()
    try:
        alices = await page(await signed_in(await make("Alice")))
        reader = presence.Reader()
        assert await sync_to_async(reader.here)("room-7") == presence.Here()
        assert await sync_to_async(presence.keep)(alices.last("seat"))
        assert alices.last("here") == ""
        await alices.close()
    finally:
        presence._redis.cache_clear()


async def test_nothing_is_left_when_the_last_page_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0)
    alices = await page(await signed_in(await make("Alice")))
    await alices.shows("Alice")
    await alices.close()
    async with asyncio.timeout(5):
        while hall._task:
            await asyncio.sleep(0.02)
    assert (dict(hall._ears), hall._said, hall._news) == ({}, {}, {})
