from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.test import AsyncClient

from core import live
from core.accounts.models import Session, User
from core.live import views
from core.live.hub import Ear, hub
from core.people.directory import operations as directory
from tests import cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest_asyncio.fixture(autouse=True)
async def _the_thread_of_the_loop_gives_its_connection_back() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


async def signed_in(user: User) -> AsyncClient:
    client = AsyncClient()
    await client.aforce_login(user)
    return client


async def listen(client: AsyncClient, topics: str) -> AsyncIterator[str]:
    """The events of a stream as `name data`, without beats after the first."""
    answer = await client.get(f"/live/?topics={topics}")
    assert answer.status_code == 200

    async def events() -> AsyncIterator[str]:
        async for chunk in answer.streaming_content:  # type: ignore[attr-defined]
            fields = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
            yield f"{fields['event']} {fields['data']}"

    return events()


async def until(events: AsyncIterator[str], wanted: str, seconds: float = 5) -> list[str]:
    """Everything heard up to the wanted event."""
    heard: list[str] = []
    async with asyncio.timeout(seconds):
        async for event in events:
            heard.append(event)
            if event == wanted:
                return heard
    raise AssertionError(f"the stream ended after {heard}")


def changes(heard: list[str]) -> list[str]:
    return [event for event in heard if event.startswith("changed")]


async def connected(events: AsyncIterator[str]) -> None:
    """The stream is open and Redis is listened to."""
    await until(events, "beat 1")
    async with asyncio.timeout(5):
        while not hub.connected:
            await asyncio.sleep(0.01)
    for ear in hub._ears:
        ear._topics.clear()  # the call to look at everything that comes with a new subscription


@sync_to_async
def say(*topics: str) -> None:
    with transaction.atomic():
        live.changed(*topics)


@sync_to_async
def make(name: str) -> User:
    return cast.person(name)


async def test_without_a_session_there_is_nothing_to_hear() -> None:
    answer = await AsyncClient().get("/live/?topics=news")
    assert answer.status_code == 401


async def test_the_stream_tells_proxies_and_browsers_how_to_treat_it() -> None:
    client = await signed_in(await make("Alice"))
    answer = await client.get("/live/?topics=news")
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Accel-Buffering"] == "no"
    assert not answer.has_header("Content-Encoding")
    assert (await client.post("/live/?topics=news")).status_code == 405


async def test_a_change_is_heard_after_commit_and_names_only_its_topic() -> None:
    events = await listen(await signed_in(await make("Alice")), "news,room-1")
    await connected(events)
    begun = time.monotonic()
    await say("news")
    assert (await until(events, "changed news"))[-1] == "changed news"
    assert time.monotonic() - begun < 1


async def test_a_topic_is_heard_by_those_alone_who_may(topics: set[str]) -> None:
    alice, mallory = await make("Alice"), await make("Mallory")
    topics.add("room-7:alice@example.com")
    hers = await listen(await signed_in(alice), "room-7,news,secret")
    his = await listen(await signed_in(mallory), "room-7,news,secret")
    await connected(hers)
    await connected(his)
    await say("room-7", "secret")
    assert changes(await until(hers, "changed room-7")) == ["changed room-7"]
    await say("news")
    assert changes(await until(his, "changed news")) == ["changed news"]


async def test_a_part_is_heard_by_who_hears_the_whole_unless_all_of_it_changed(topics: set[str]) -> None:
    alice, mallory = await make("Alice"), await make("Mallory")
    topics.add("room-7:alice@example.com")
    hers = await listen(await signed_in(alice), "room-7,news")
    his = await listen(await signed_in(mallory), "room-7,room-7/log,news")
    await connected(hers)
    await connected(his)
    await say("room-7/log")
    assert changes(await until(hers, "changed room-7/log")) == ["changed room-7/log"]
    await say("room-7/log", "room-7")
    assert changes(await until(hers, "changed room-7")) == ["changed room-7"]
    await say("news")
    assert changes(await until(his, "changed news")) == ["changed news"]


async def test_who_loses_the_right_hears_no_more(topics: set[str]) -> None:
    topics.add("room-7:alice@example.com")
    events = await listen(await signed_in(await make("Alice")), "room-7,news")
    await connected(events)
    await say("room-7")
    await until(events, "changed room-7")
    topics.clear()
    await say(views.VISIBILITY)
    await until(events, "resync 1")
    await say("room-7")
    await asyncio.sleep(0.2)
    await say("news")
    assert changes(await until(events, "changed news")) == ["changed news"]


async def test_the_right_is_asked_for_again_even_when_nobody_says_anything(topics: set[str]) -> None:
    topics.add("room-7:alice@example.com")
    events = await listen(await signed_in(await make("Alice")), "room-7,news")
    await connected(events)
    topics.clear()
    heard = asyncio.ensure_future(until(events, "changed news"))
    await asyncio.sleep(1)
    await say("room-7")
    await asyncio.sleep(0.2)
    await say("news")
    assert changes(await heard) == ["changed news"]


@pytest.mark.parametrize("how", ["switched off", "signed out"])
async def test_the_stream_of_a_session_that_is_over_ends(how: str) -> None:
    alice, ada = await make("Alice"), await sync_to_async(cast.ada)()
    events = await listen(await signed_in(alice), "news")
    await connected(events)
    if how == "switched off":
        await sync_to_async(directory.deactivate)(alice, actor=ada)
    else:
        await Session.objects.all().adelete()
    async with asyncio.timeout(5):
        rest = [event async for event in events]
    assert not [event for event in rest if event.startswith("changed")]


async def test_many_streams_hold_no_connection_to_the_database() -> None:
    client = await signed_in(await make("Alice"))
    streams = [await listen(client, "news") for _ in range(30)]
    assert [await anext(events) for events in streams] == ["beat 1"] * 30
    answer = await client.get("/people/")
    assert answer.status_code == 200


async def test_a_beat_comes_when_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "BEAT_SECONDS", 0.2)
    events = await listen(await signed_in(await make("Alice")), "news")
    await connected(events)
    await until(events, "beat 1", 2)


async def test_without_redis_everybody_is_told_to_look_again(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.live.hub.RETRY_SECONDS", 0.1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    events = await listen(await signed_in(await make("Alice")), "news")
    assert [await asyncio.wait_for(anext(events), 2) for _ in range(4)] == ["beat 1", *["resync 1"] * 3]
    assert not hub.connected


async def test_when_redis_comes_back_changes_are_heard_again(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.live.hub.RETRY_SECONDS", 0.1)
    working = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    events = await listen(await signed_in(await make("Alice")), "news")
    await until(events, "resync 1")
    settings.REDIS_URL = working
    async with asyncio.timeout(5):
        while not hub.connected:
            await anext(events)
    await say("news")
    await until(events, "changed news")


async def test_nothing_is_left_when_the_last_browser_goes() -> None:
    events = await listen(await signed_in(await make("Alice")), "news")
    await connected(events)
    browser = asyncio.ensure_future(until(events, "never"))
    await asyncio.sleep(0.1)
    assert len(hub._ears) == 1
    browser.cancel()
    with pytest.raises(asyncio.CancelledError):
        await browser
    assert (hub._ears, hub._task) == (set(), None)


@pytest.mark.parametrize("turns", range(4))
async def test_that_a_browser_left_is_not_lost_while_something_is_said(turns: int) -> None:
    """However far the loop has come with what was said when the stream is told to end."""
    ear = Ear()

    async def follow() -> None:
        while True:
            await ear.listen(seconds=30)

    stream = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    ear.tell({"news"}, "@1")
    for _ in range(turns):
        await asyncio.sleep(0)
    stream.cancel()
    done, _ = await asyncio.wait({stream}, timeout=2)
    stream.cancel()
    assert done == {stream}
