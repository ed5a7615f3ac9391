from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from core.timers import operations as timers
from core.timers import registry
from core.timers.models import Timer

PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own kinds are back after each test."""
    monkeypatch.setattr(registry, "_handlers", {})


@pytest.fixture
def ran() -> list[tuple[int, dict[str, Any]]]:
    """What the handler of "reminder" was given."""
    log: list[tuple[int, dict[str, Any]]] = []

    @registry.on("reminder")
    def remind(timer: Timer) -> None:
        log.append((timer.subject_id, timer.payload))

    return log


def _set(
    subject: int = 1,
    *,
    kind: str = "reminder",
    due_at: datetime = PAST,
    occurrence: str = "1",
    **payload: Any,
) -> None:
    timers.set(kind, subject, occurrence=occurrence, due_at=due_at, payload=payload)


@pytest.mark.django_db
class TestDeadlines:
    def test_a_deadline_that_has_come_runs_once(self, ran: list[Any]) -> None:
        _set(7, word="hello")
        assert timers.run_due() == 1
        assert timers.run_due() == 0
        assert ran == [(7, {"word": "hello"})]
        assert Timer.objects.get().done_at is not None

    def test_a_deadline_to_come_waits(self, ran: list[Any]) -> None:
        _set(due_at=FUTURE)
        assert timers.run_due() == 0
        assert ran == []

    def test_the_earliest_goes_first(self, ran: list[Any]) -> None:
        for subject in (1, 2, 3):
            _set(subject, due_at=PAST - timedelta(days=subject))
        timers.run_due(limit=2)
        assert [subject for subject, _ in ran] == [3, 2]

    def test_the_same_promise_again_moves_it(self, ran: list[Any]) -> None:
        _set(word="first")
        _set(due_at=FUTURE, word="second")
        assert timers.run_due() == 0
        _set(word="third")
        timers.run_due()
        assert ran == [(1, {"word": "third"})]

    def test_what_has_run_is_not_set_again(self, ran: list[Any]) -> None:
        _set()
        timers.run_due()
        _set(word="again")
        assert timers.run_due() == 0
        _set(occurrence="2")
        assert timers.run_due() == 1

    def test_a_cancelled_one_does_not_run_until_it_is_set_again(self, ran: list[Any]) -> None:
        _set(1)
        _set(2)
        _set(3, kind="other")
        assert timers.cancel("reminder", [1, 3]) == 1
        assert timers.cancel("reminder", [1]) == 0
        timers.run_due()
        assert [subject for subject, _ in ran] == [2]
        _set(1)
        timers.run_due()
        assert [subject for subject, _ in ran] == [2, 1]

    def test_a_handler_that_raises_leaves_no_trace_but_its_error(self, ran: list[Any]) -> None:
        @registry.on("broken")
        def broken(_timer: Timer) -> None:
            _set(99, due_at=FUTURE)
            with connection.cursor() as cursor:
                cursor.execute("select 1 / 0")

        _set(1, kind="broken")
        _set(2)
        assert timers.run_due() == 2
        assert ran == [(2, {})]
        assert not Timer.objects.filter(subject_id=99).exists()
        timer = Timer.objects.get(kind="broken")
        assert timer.done_at is None
        assert timer.attempts == 1
        assert timer.error.startswith("DataError: division by zero")

    def test_a_failure_is_tried_again_after_a_growing_wait(self) -> None:
        @registry.on("broken")
        def broken(_timer: Timer) -> None:
            raise RuntimeError("not yet")

        _set(kind="broken")
        waits = []
        for _ in range(3):
            timers.run_due()
            with connection.cursor() as cursor:
                cursor.execute("select extract(epoch from due_at - now()) from timers_timer")
                waits.append(float(cursor.fetchone()[0]))
                cursor.execute("update timers_timer set due_at = now()")
        assert waits == [2, 4, 8]

    def test_what_nobody_handles_is_kept_with_its_error(self) -> None:
        _set(kind="forgotten")
        assert timers.run_due() == 1
        timer = Timer.objects.get()
        assert timer.done_at is None
        assert timer.error == "nothing handles timers of kind forgotten"

    def test_a_handler_can_set_its_next_occurrence(self) -> None:
        @registry.on("daily")
        def daily(timer: Timer) -> None:
            _set(kind="daily", occurrence=f"{int(timer.occurrence) + 1}", due_at=FUTURE)

        _set(kind="daily")
        timers.run_due()
        assert list(Timer.objects.order_by("id").values_list("occurrence", flat=True)) == ["1", "2"]

    def test_a_handler_that_cancels_its_own_timer_leaves_it_cancelled(self) -> None:
        @registry.on("once")
        def once(_timer: Timer) -> None:
            timers.cancel("once", [1])

        _set(kind="once")
        timers.run_due()
        timer = Timer.objects.get()
        assert timer.cancelled_at is not None
        assert timer.done_at is None
        assert timers.run_due() == 0


@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    def test_each_runs_exactly_once_however_many_look(self, ran: list[Any]) -> None:
        for subject in range(60):
            _set(subject)

        def work(_n: int) -> None:
            while timers.run_due(limit=5):
                pass
            connection.close()

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(work, range(3)))
        assert sorted(subject for subject, _ in ran) == list(range(60))

    def test_a_worker_that_dies_in_a_handler_leaves_the_timer_due(self, ran: list[Any]) -> None:
        class Killed(BaseException):
            pass

        @registry.on("deadly")
        def deadly(_timer: Timer) -> None:
            raise Killed

        _set(1)
        _set(2, kind="deadly")
        with pytest.raises(Killed), transaction.atomic():
            timers.run_due()
        assert Timer.objects.filter(done_at=None).count() == 2
