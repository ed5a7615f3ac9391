from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction

from core.events import bus
from core.events.bus import Meta
from core.events.models import Event, EventDelivery
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoAssertNumQueries


@dataclass(frozen=True, slots=True)
class Rang:
    bell_id: int
    tone: str = "ding"


heard: list[tuple[str, object, Meta]] = []


@pytest.fixture(autouse=True)
def _event(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The event "bell.rang" with two listeners, of which "grumpy" dislikes the tone "clang"."""
    monkeypatch.setattr(bus, "REGISTRY", dict(bus.REGISTRY))
    monkeypatch.setattr(bus, "_names", dict(bus._names))
    heard.clear()
    bus.event("bell.rang")(Rang)

    @bus.on(Rang)
    def calm(fact: Rang, meta: Meta) -> None:
        heard.append(("calm", fact, meta))

    @bus.on(Rang)
    def grumpy(fact: Rang, meta: Meta) -> None:
        heard.append(("grumpy", fact, meta))
        if fact.tone == "clang":
            with connection.cursor() as cursor:
                cursor.execute("create table trace ()")
                cursor.execute("select 1 / 0")

    yield
    del bus._handlers["bell.rang"]


def _emit(*tones: str) -> None:
    with transaction.atomic():
        bus.emit_all([Rang(7, tone) for tone in tones])


def _due_in() -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select round(extract(epoch from due_at - now())) from events_eventdelivery where done_at is null"
        )
        return [float(row[0]) for row in cursor.fetchall()]


@pytest.mark.django_db
class TestEmitting:
    def test_an_event_is_a_row_and_a_delivery_per_listener(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        alice = cast.alice()
        with transaction.atomic(), django_assert_num_queries(2):
            bus.emit_all([Rang(7, "ding"), Rang(8, "dong")], actor=alice)
        first, second = Event.objects.filter(name="bell.rang").order_by("id")
        assert (first.subject_id, first.actor_id, first.payload) == (
            7,
            alice.pk,
            {"bell_id": 7, "tone": "ding"},
        )
        assert second.subject_id == 8
        assert EventDelivery.objects.count() == 4

    def test_nobody_in_particular_is_no_actor(self) -> None:
        with transaction.atomic():
            event = bus.emit(Rang(7), actor=AnonymousUser())
        assert event.actor_id is None


@pytest.mark.django_db
class TestDelivering:
    def test_each_listener_hears_it_once_with_what_it_needs(self) -> None:
        _emit("ding")
        event = Event.objects.get(name="bell.rang")
        assert bus.deliver_due() == 2
        assert bus.deliver_due() == 0
        assert {name for name, _, _ in heard} == {"calm", "grumpy"}
        assert heard[0][1] == Rang(7, "ding")
        assert heard[0][2] == Meta(event.pk, event.occurred_at, None)

    def test_they_hear_events_in_order(self) -> None:
        _emit(*"abcdefghijklmnopqrstuvwxyz")
        bus.deliver_due()
        tones = [fact.tone for name, fact, _ in heard if name == "calm" and isinstance(fact, Rang)]
        assert tones == list("abcdefghijklmnopqrstuvwxyz")

    def test_a_listener_that_raises_leaves_no_trace_and_stops_no_other(self) -> None:
        _emit("ding", "clang", "dong")
        assert bus.deliver_due() == 6
        (failed,) = EventDelivery.objects.filter(done_at=None)
        assert failed.attempts == 1
        assert failed.error.startswith("DataError: division by zero")
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass('trace')")
            assert cursor.fetchone() == (None,)

    def test_a_failure_is_tried_again_after_a_growing_wait(self) -> None:
        _emit("clang")
        waits = []
        for _ in range(3):
            bus.deliver_due()
            waits += _due_in()
            with connection.cursor() as cursor:
                cursor.execute("update events_eventdelivery set due_at = now() where done_at is null")
        assert waits == [2, 4, 8]

    def test_a_listener_that_is_gone_from_the_code_is_forgotten(self) -> None:
        _emit("ding")
        EventDelivery.objects.filter(handler__endswith="calm").update(handler="gone")
        assert bus.deliver_due() == 2
        assert [name for name, _, _ in heard] == ["grumpy"]
        assert not EventDelivery.objects.filter(done_at=None).exists()

    def test_fields_that_an_event_no_longer_has_are_left_out(self) -> None:
        _emit("ding")
        Event.objects.filter(name="bell.rang").update(payload={"bell_id": 7, "colour": "brass"})
        bus.deliver_due()
        assert heard[0][1] == Rang(7, "ding")

    def test_the_limit_holds(self) -> None:
        _emit(*"abcdefghij")
        assert bus.deliver_due(limit=13) == 13
        assert len(heard) == 13

    def test_ten_deliveries_need_few_statements(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        _emit(*"abcde")
        with django_assert_max_num_queries(25):  # two for each savepoint, five for the batch
            assert bus.deliver_due(limit=10) == 10


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        bus.emit(Rang(7))
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_workers_hand_each_delivery_over_once() -> None:
    _emit(*"abcdefghijklmnopqrstuvwxyz")

    def work(_n: int) -> None:
        while bus.deliver_due(limit=5):
            pass
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert len(heard) == 52
    assert len({(name, fact) for name, fact, _ in heard}) == 52
