from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import redis
from django.db import transaction

from core import live
from core.live import publish
from incidents.room import operations as room
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def said(settings: Any) -> Iterator[list[set[str]]]:
    """What Redis was told, message by message."""
    heard: list[set[str]] = []
    client = redis.Redis.from_url(settings.REDIS_URL)
    pubsub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    pubsub.subscribe(**{publish.CHANNEL: lambda message: heard.append(set(orjson.loads(message["data"])))})
    thread = pubsub.run_in_thread(sleep_time=0.01, daemon=True)
    yield heard
    thread.stop()
    thread.join()
    pubsub.close()
    client.close()


def topics(heard: list[set[str]]) -> set[str]:
    return {topic for topics in heard for topic in topics if not topic.startswith(publish.MARK)}


def wait_for(heard: list[set[str]], topic: str) -> None:
    end = time.monotonic() + 5
    while not any(topic in topics for topics in heard):
        assert time.monotonic() < end, heard
        threading.Event().wait(0.01)


def test_topics_are_said_after_commit_and_not_before(said: list[set[str]]) -> None:
    with transaction.atomic():
        live.changed("a", "b")
        threading.Event().wait(0.1)
        assert said == []
    wait_for(said, "b")
    assert topics(said) == {"a", "b"}


def test_what_is_rolled_back_is_never_said(said: list[set[str]]) -> None:
    with transaction.atomic():
        live.changed("never")
        transaction.set_rollback(True)
    live.changed("after")
    wait_for(said, "after")
    assert not any("never" in topics for topics in said)


def test_each_message_carries_a_mark_of_its_own(said: list[set[str]]) -> None:
    for topic in ("one", "two"):
        live.changed(topic)
        wait_for(said, topic)
    marks = [[each for each in message if each.startswith(publish.MARK)] for message in said]
    assert [len(of_one) for of_one in marks] == [1, 1]
    assert marks[0] != marks[1]


def test_many_changes_become_few_messages(said: list[set[str]]) -> None:
    for n in range(200):
        live.changed("board", f"incident-{n % 5}")
    wait_for(said, "board")
    threading.Event().wait(0.1)
    assert len(said) < 40
    assert topics(said) == {"board", *(f"incident-{n}" for n in range(5))}


def test_the_caller_neither_waits_nor_fails_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def publish(self, channel: str, message: bytes) -> None:
            raise redis.ConnectionError("nobody there")

    monkeypatch.setattr(publish, "_redis", Away)
    publisher = publish.Publisher()
    begun = time.monotonic()
    for n in range(publish.MOST + 10):
        publisher.add((f"t-{n}",))
    assert time.monotonic() - begun < 0.5
    assert len(publisher._waiting) <= publish.MOST


def test_what_could_not_be_said_is_kept_and_said_later(
    said: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bytes] = []
    real = publish._redis()

    class Flaky:
        def publish(self, channel: str, message: bytes) -> None:
            tries.append(message)
            if len(tries) == 1:
                raise redis.ConnectionError("nobody there")
            real.publish(channel, message)

    monkeypatch.setattr(publish, "_redis", Flaky)
    monkeypatch.setattr(publish, "RETRY_SECONDS", 0.05)
    publisher = publish.Publisher()
    publisher.add(("late",))
    wait_for(said, "late")
    assert len(tries) >= 2


def test_a_note_changes_the_timeline_of_its_room_alone(said: list[set[str]]) -> None:
    alice = cast.alice()
    cast.severity()
    incident = cast.incident("Login fails", by=alice)
    wait_for(said, f"incident-{incident.pk}")
    said.clear()
    room.write(incident, kind="note", text="The pool is full", actor=alice)
    wait_for(said, f"incident-{incident.pk}/timeline")
    assert topics(said) == {"board", f"incident-{incident.pk}/timeline"}
    room.write(incident, kind="note", text="Decision: roll back", actor=alice)
    wait_for(said, f"incident-{incident.pk}")
