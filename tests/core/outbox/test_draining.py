from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection, transaction

from core.channels.registry import Sent
from core.events import nudge
from core.outbox import claims, draining, registry, sending
from core.outbox.models import Message, WorkerBeat
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.channels.registry import Delivery
    from tests.core.outbox.conftest import Recorder, Sender

pytestmark = pytest.mark.django_db
OF_THE_PRODUCT = dict(registry._steps)


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, registry.Step]:
    """Only the steps that a test adds."""
    mine: dict[str, registry.Step] = {}
    monkeypatch.setattr(registry, "_steps", mine)
    monkeypatch.setattr(draining, "_beats", {})
    return mine


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often the doorbell was asked."""
    asked: list[int] = []

    class Bell:
        def ask(self) -> None:
            asked.append(1)

    monkeypatch.setattr(nudge, "_doorbell", Bell())
    return asked  # type: ignore[return-value]


def _counting_down(log: list[str], name: str, work: int) -> Callable[[], int]:
    left = [work]

    def run() -> int:
        log.append(name)
        done = min(1, left[0])
        left[0] -= done
        return done

    return run


def test_the_steps_run_in_order_until_a_pass_finds_nothing() -> None:
    log: list[str] = []
    registry.add_step("late", _counting_down(log, "late", 2), order=40)
    registry.add_step("early", _counting_down(log, "early", 1), order=10)
    assert draining.drain() == 3
    assert log == ["early", "late"] * 3


def test_messages_are_claimed_before_what_can_wait(client_: Sender) -> None:
    states: list[str] = []

    def promise() -> int:
        return len(put(1)) if not states else 0

    def can_wait() -> int:
        states.append(Message.objects.get().state)
        return 0

    registry.add_step("promise", promise, order=20)
    registry.add_step("can wait", can_wait, order=60)
    draining.drain()
    assert states[0] != "pending"


def test_what_a_step_promises_is_sent_in_the_same_drain(recorder: Recorder, client_: Sender) -> None:
    left = [1, 2]

    def promise() -> int:
        return len(put(left.pop())) if left else 0

    registry.add_step("promise", promise, order=10)
    draining.drain()
    assert sorted(recorder.keys) == ["m1", "m2"]


def test_a_step_that_raises_stops_no_other(recorder: Recorder, client_: Sender) -> None:
    def broken() -> int:
        raise ValueError

    def broken_in_postgres() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select 1 / 0")
        return 1

    registry.add_step("broken", broken, order=1)
    registry.add_step("broken in Postgres", broken_in_postgres, order=2)
    put(1)
    draining.drain()
    assert recorder.keys == ["m1"]


def test_when_postgres_is_gone_the_caller_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> int:
        raise OperationalError

    monkeypatch.setattr(connection, "is_usable", lambda: False)
    registry.add_step("gone", gone, order=1)
    with pytest.raises(OperationalError):
        draining.drain()


def test_the_steps_go_on_while_a_message_hangs(recorder: Recorder, client_: Sender) -> None:
    gate = threading.Event()

    def hang(_delivery: Delivery) -> Sent:
        gate.wait(10)
        return Sent()

    passes: list[int] = []

    def count() -> int:
        passes.append(1)
        if len(passes) == 4:
            gate.set()
        return 0

    recorder.answer = hang
    registry.add_step("count", count, order=1)
    put(1)
    draining.drain()
    assert len(passes) >= 4
    assert Message.objects.get().state == "accepted"


def test_what_was_sent_during_a_long_step_is_recorded_before_the_next(
    recorder: Recorder, client_: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, states = threading.Event(), list[str]()
    at_work: list[sending.Sender] = []

    class Known(sending.Sender):
        def begin(self) -> int:
            at_work[:] = [self]
            return super().begin()

    def hang(_delivery: Delivery) -> Sent:
        gate.wait(10)
        return Sent()

    def be_slow() -> int:
        gate.set()
        at_work[0].wait(10)
        return 0

    def look() -> int:
        states.append(Message.objects.get().state)
        return 0

    monkeypatch.setattr(sending, "Sender", Known)
    recorder.answer = hang
    registry.add_step("slow", be_slow, order=60)
    registry.add_step("look", look, order=61)
    put(1)
    draining.drain()
    assert states[0] == "accepted"


def test_nothing_rings_while_draining(recorder: Recorder, client_: Sender, rings: list[int]) -> None:
    def nudged() -> int:
        nudge.drain()
        return 0

    registry.add_step("nudged", nudged, order=1)
    draining.drain()
    assert rings == []
    nudge.drain()
    assert rings == [1]


def test_a_long_drain_ends_and_rings_for_the_rest(monkeypatch: pytest.MonkeyPatch, rings: list[int]) -> None:
    monkeypatch.setattr(draining, "LONGEST_SECONDS", 0.05)
    registry.add_step("endless", lambda: 1, order=1)
    assert draining.drain() > 0
    assert rings == [1]


def test_asked_to_stop_it_finishes_what_is_under_way(recorder: Recorder, client_: Sender) -> None:
    put(*range(1, 31))
    stop: list[int] = []

    def answer(_delivery: Delivery) -> Sent:
        stop.append(1)
        return Sent()

    recorder.answer = answer
    draining.drain(stopping=lambda: bool(stop))
    states = set(Message.objects.values_list("state", flat=True))
    assert states == {"accepted", "pending"}


def test_a_drain_leaves_a_sign_of_life() -> None:
    draining.drain(kind="pagerd")
    beat = WorkerBeat.objects.get()
    assert (beat.kind, beat.name) == ("pagerd", sending.worker_name("pagerd"))
    assert beat.drained_at is not None


def test_in_a_storm_each_pass_leaves_one() -> None:
    seen: list[int] = []

    def work() -> int:
        seen.append(WorkerBeat.objects.exclude(drained_at=None).count())
        return int(len(seen) < 3)

    registry.add_step("work", work, order=1)
    draining.drain(kind="pagerd")
    assert seen == [0, 1, 1]


def test_signs_of_life_come_at_most_once_a_second() -> None:
    draining.drain(kind="pagerd")
    first = WorkerBeat.objects.get().drained_at
    draining.drain(kind="pagerd")
    assert WorkerBeat.objects.get().drained_at == first


def test_the_next_moment_is_the_earliest_of_all_that_is_to_come() -> None:
    assert draining.seconds_until_due() is None
    put(1, delay_seconds=-5)
    put(2, delay_seconds=50)
    assert draining.seconds_until_due() == pytest.approx(50, abs=0.5)
    registry.add_step("mine", lambda: 0, order=1, soon="select now() + interval '20 seconds'")
    registry.add_step("nothing", lambda: 0, order=1, soon="select null::timestamptz")
    assert draining.seconds_until_due() == pytest.approx(20, abs=0.5)


def test_what_is_not_due_is_not_run_again() -> None:
    log: list[str] = []
    registry.add_step("urgent", _counting_down(log, "urgent", 1), order=10, due="select 1 where false")
    registry.add_step("due", _counting_down(log, "due", 1), order=60, due="select 1")
    registry.add_step("not due", _counting_down(log, "not due", 1), order=70, due="select 1 where false")
    assert draining.drain() == 2
    assert log == ["urgent", "due", "due"]


AGES_AGO = "select 1 from (select now() - interval '{} seconds' as due_at) as one where due_at <= {{now}}"


def test_who_helps_leaves_what_is_due_to_the_one_that_leads() -> None:
    log: list[str] = []
    registry.add_step("old", _counting_down(log, "old", 1), order=60, due=AGES_AGO.format(1))
    ever_new = AGES_AGO.format(0).replace("now()", "statement_timestamp()", 1)
    registry.add_step("new", _counting_down(log, "new", 1), order=61, due=ever_new)
    begun = time.monotonic()
    assert draining.drain(helps=True) == 1
    assert set(log) == {"old"}
    assert time.monotonic() - begun < 2


@pytest.mark.django_db(transaction=True)
def test_who_helps_does_what_nobody_else_has_done() -> None:
    log: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("create temporary table waiting as select clock_timestamp() as due_at")

    def take() -> int:
        log.append("taken")
        with connection.cursor() as cursor:
            cursor.execute("delete from waiting")
            return int(cursor.rowcount)

    registry.add_step("waiting", take, order=60, due="select 1 from waiting where due_at <= {now}")
    begun = time.monotonic()
    assert draining.drain(helps=True) == 1
    assert log == ["taken"]
    assert time.monotonic() - begun >= draining.BEHIND_SECONDS
    assert draining.drain(helps=True) == 0
    assert log == ["taken"]


def test_who_helps_an_alert_on_its_way_takes_it_the_whole_way() -> None:
    log: list[str] = []
    never = "select 1 where false"
    registry.add_step("signals", _counting_down(log, "signals", 1), order=10, due=AGES_AGO.format(1))
    registry.add_step("escalations", _counting_down(log, "escalations", 1), order=20, due=never)
    registry.add_step("events", _counting_down(log, "events", 1), order=60, due=never)
    draining.drain(helps=True)
    assert log[:2] == ["signals", "escalations"]
    assert "events" not in log


@pytest.mark.django_db(transaction=True)
def test_where_it_cannot_be_seen_what_is_due_everything_is_run() -> None:
    log: list[str] = []
    registry.add_step("odd", _counting_down(log, "odd", 0), order=60, due="select 1 where 1 / 0 = 1")
    registry.add_step("other", _counting_down(log, "other", 1), order=70, due="select 1 where false")
    assert draining.drain() == 1
    assert log == ["odd", "other"] * 2


def test_every_step_of_the_product_says_what_is_due_in_words_that_postgres_understands(
    steps: dict[str, registry.Step],
) -> None:
    steps.update(OF_THE_PRODUCT)
    every = registry.steps(sending=lambda: 0, due=claims.DUE)
    silent = {step.name for step in every if not step.due}
    assert {"keys", "spool"} <= silent
    assert not silent & {"signals", "escalations", "messages", "receipts", "digests", "events", "timers"}
    assert draining._due(every, helps=False) == (silent, False)
    assert draining._due(every, helps=True) == (silent, False)
