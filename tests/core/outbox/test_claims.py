from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from core import failpoints
from core.events.models import Event
from core.outbox import claims, operations, registry, telling
from core.outbox.claims import Result, Room
from core.outbox.models import Attempt, Message
from tests import cast
from tests.core.outbox.conftest import put
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_django import DjangoAssertNumQueries

    from tests.core.outbox.conftest import Sender

ALL = Room(10, 10)


def _claim(room: Room = ALL, *, owner: str = "worker 1") -> list[str]:
    return [message.key for message in claims.claim(room, owner=owner)]


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _is_waited_for() -> bool:
    """Whether somebody waits for the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_locks where not granted and transactionid = pg_current_xact_id()::xid limit 1"
        )
        return cursor.fetchone() is not None


def _let_leases_run_out() -> None:
    _sql("update outbox_message set lease_until = now() - interval '1 second' where state = 'sending'")


def _accepted(message: Message) -> Result:
    return Result(message, "accepted", "accepted", "", time.monotonic() - 0.2, time.monotonic())


def _closing(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        try:
            return work()
        finally:
            connection.close()

    return run


def _in_thread(work: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_closing(work)).result(10)


@pytest.mark.django_db
class TestClaiming:
    def test_pages_go_first_then_by_due_time(self, client_: Sender) -> None:
        put(1, lane=3)
        put(2, lane=2)
        put(3, lane=0)
        put(4, lane=1)
        put(5, lane=0)
        _sql("update outbox_message set due_at = due_at - interval '1 minute' where key = 'm5'")
        assert _claim() == ["m5", "m3", "m4", "m2", "m1"]

    def test_what_is_not_due_yet_is_left_alone(self, client_: Sender) -> None:
        put(1, delay_seconds=60)
        assert _claim() == []

    def test_what_is_behind_pages_gets_no_more_than_its_share(self, client_: Sender) -> None:
        put(*range(1, 20), lane=3)
        assert len(_claim(Room(10, 7))) == 7

    def test_pages_take_the_share_of_what_is_behind_them(self, client_: Sender) -> None:
        put(*range(1, 20), lane=3)
        put(*range(100, 109), lane=1)
        claimed = claims.claim(Room(10, 7), owner="worker 1")
        assert [message.lane for message in claimed] == [1] * 9 + [3]

    def test_a_full_channel_is_passed_over(self, client_: Sender) -> None:
        put(1, channel="email")
        put(2, channel="webhook")
        assert _claim(Room(10, 10, ["email"])) == ["m2"]

    def test_a_claim_is_one_statement_and_one_question_to_the_guard(
        self, client_: Sender, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        put(*range(1, 11))
        with django_assert_num_queries(5):  # savepoint, claim, savepoint for the guard, and their ends
            claims.claim(ALL, owner="worker 1")
        assert sorted(client_.asked) == list(range(1, 11))

    def test_a_claim_is_a_lease_with_a_token(self, client_: Sender) -> None:
        put(1)
        (claimed,) = claims.claim(ALL, owner="worker 1")
        stored = Message.objects.get()
        assert stored.state == "sending"
        assert stored.attempts == claimed.attempts == 1
        assert stored.lease_token == claimed.lease_token
        assert stored.lease_owner == "worker 1"
        assert _claim(owner="worker 2") == []

    def test_what_the_client_does_not_want_any_more_is_suppressed_with_its_reason(
        self, client_: Sender
    ) -> None:
        client_.unwanted = {2: "acknowledged by Alice"}
        put(1, 2)
        assert _claim() == ["m1"]
        message = Message.objects.get(key="m2")
        assert (message.state, message.error, message.attempts) == ("suppressed", "acknowledged by Alice", 0)
        assert client_.told == [(2, "suppressed", False)]

    def test_what_is_not_wanted_does_not_hide_what_is(self, client_: Sender) -> None:
        client_.unwanted = dict.fromkeys(range(30), "resolved")
        put(*range(30))
        put(99, lane=3)
        assert _claim() == ["m99"]
        assert Message.objects.filter(state="suppressed").count() == 30

    def test_a_guard_that_raises_lets_the_messages_out(self, client_: Sender) -> None:
        def broken(_messages: object) -> dict[int, str]:
            _sql("select 1 / 0")
            return {}

        put(1)
        registry.register(registry.Client("test", broken, client_.render, client_.listener))
        assert _claim() == ["m1"]

    def test_what_is_past_its_time_expires_with_an_alarm(self, client_: Sender) -> None:
        put(1, user_id=None)
        _sql("update outbox_message set not_after = now() - interval '1 second'")
        assert _claim() == []
        message = Message.objects.get()
        assert (message.state, message.error, message.attempts) == ("expired", claims.EXPIRED, 0)
        assert client_.told == [(1, "expired", False)]
        event = Event.objects.get(name="message.lost")
        assert event.subject_id == message.pk
        assert event.payload["state"] == "expired"
        assert event.payload["about_id"] == 1


@pytest.mark.django_db
class TestLeases:
    def test_a_lease_that_ran_out_is_claimed_again_and_the_lost_try_is_noted(self, client_: Sender) -> None:
        put(1)
        _claim(owner="worker 1")
        _let_leases_run_out()
        (again,) = claims.claim(ALL, owner="worker 2")
        assert (again.attempts, again.unknown_outcomes) == (2, 1)
        lost = Attempt.objects.get()
        assert (lost.n, lost.worker, lost.outcome, lost.late) == (1, "worker 1", "unknown", False)
        assert lost.finished_at is None
        assert client_.told == []

    def test_two_lost_tries_ask_for_the_next_channel_as_well(self, client_: Sender) -> None:
        put(1)
        for _ in range(3):
            assert _claim() == ["m1"]
            _let_leases_run_out()
        assert client_.told == [(1, "retrying", True)]

    def test_the_third_lost_try_is_the_last(self, client_: Sender) -> None:
        put(1)
        for _ in range(3):
            assert _claim() == ["m1"]
            _let_leases_run_out()
        assert _claim() == []
        message = Message.objects.get()
        assert (message.state, message.attempts, message.unknown_outcomes) == ("unknown", 3, 3)
        assert list(Attempt.objects.values_list("n", "outcome")) == [
            (1, "unknown"),
            (2, "unknown"),
            (3, "unknown"),
        ]
        assert client_.told == [(1, "retrying", True), (1, "unknown", True)]
        assert Event.objects.get(name="message.lost").payload["state"] == "unknown"

    def test_who_lost_the_lease_changes_nothing_but_is_noted_as_late(self, client_: Sender) -> None:
        put(1)
        (first,) = claims.claim(ALL, owner="worker 1")
        _let_leases_run_out()
        (second,) = claims.claim(ALL, owner="worker 2")
        assert claims.complete([_accepted(first)], owner="worker 1") == 0
        message = Message.objects.get()
        assert (message.state, message.lease_owner) == ("sending", "worker 2")
        assert claims.complete([_accepted(second)], owner="worker 2") == 1
        tries = [(one.n, one.worker, one.outcome, one.late) for one in Attempt.objects.all()]
        assert tries == [
            (1, "worker 1", "unknown", False),
            (1, "worker 1", "accepted", True),
            (2, "worker 2", "accepted", False),
        ]
        assert client_.told == [(1, "accepted", False)]

    def test_what_was_claimed_and_not_tried_is_given_back_untouched(self, client_: Sender) -> None:
        put(1)
        claims.release(claims.claim(ALL, owner="worker 1"))
        message = Message.objects.get()
        assert (message.state, message.attempts, message.unknown_outcomes) == ("pending", 0, 0)
        assert _claim() == ["m1"]

    def test_only_the_fault_tests_can_turn_the_rescue_off(
        self, client_: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(1)
        _claim()
        _let_leases_run_out()
        monkeypatch.setattr(failpoints, "_armed", lambda: {"no_lease_rescue": "on"})
        assert _claim() == []
        monkeypatch.setattr(failpoints, "_armed", dict)
        assert _claim() == ["m1"]


@pytest.mark.django_db
class TestCompleting:
    def test_a_batch_is_recorded_with_one_statement(
        self, client_: Sender, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        put(*range(1, 11))
        claimed = claims.claim(ALL, owner="worker 1")
        with django_assert_num_queries(5):  # savepoint, record, savepoint for the listener, and their ends
            assert claims.complete([_accepted(one) for one in claimed], owner="worker 1") == 10
        assert Attempt.objects.filter(outcome="accepted", late=False).count() == 10

    def test_a_try_lasts_as_long_as_it_took(self, client_: Sender) -> None:
        put(1)
        (claimed,) = claims.claim(ALL, owner="worker 1")
        began = time.monotonic() - 3
        claims.complete([Result(claimed, "accepted", "accepted", "", began, began + 1.25)], owner="worker 1")
        attempt = Attempt.objects.get()
        assert attempt.finished_at is not None
        assert (attempt.finished_at - attempt.started_at).total_seconds() == pytest.approx(1.25, abs=1e-3)

    def test_a_result_for_a_message_that_is_gone_harms_no_other(self, client_: Sender) -> None:
        put(1, 2)
        claimed = claims.claim(ALL, owner="worker 1")
        Message.objects.filter(key="m1").delete()
        assert claims.complete([_accepted(one) for one in claimed], owner="worker 1") == 1
        assert Message.objects.get().state == "accepted"

    def test_a_listener_that_raises_undoes_nothing_and_is_told_again(self, client_: Sender) -> None:
        def no_two(outcomes: object) -> None:
            if any(one.subject_id == 2 for one in outcomes):  # type: ignore[attr-defined]
                raise RuntimeError

        client_.listen = no_two
        put(1, 2, 3)
        claims.complete([_accepted(one) for one in claims.claim(ALL, owner="w")], owner="w")
        assert client_.told == [(1, "accepted", False), (3, "accepted", False)]
        assert set(Message.objects.values_list("state", flat=True)) == {"accepted"}

        client_.listen = lambda _: None
        assert telling.tell_again() == 0
        _sql("update outbox_message set untold_at = untold_at - interval '11 seconds'")
        assert telling.tell_again() == 1
        assert client_.told[2:] == [(2, "accepted", False)]
        assert telling.tell_again() == 0

    def test_it_is_told_again_until_it_hears(self, client_: Sender) -> None:
        def deaf(_outcomes: object) -> None:
            raise RuntimeError

        client_.listen = deaf
        put(1)
        (claimed,) = claims.claim(ALL, owner="w")
        claims.complete(
            [Result(claimed, "permanent", "failed", "550", 0, 0, fallback_wanted=True)], owner="w"
        )
        for _ in range(2):
            _sql("update outbox_message set untold_at = untold_at - interval '11 seconds'")
            assert telling.tell_again() == 0
        client_.listen = lambda _: None
        _sql("update outbox_message set untold_at = untold_at - interval '11 seconds'")
        assert telling.tell_again() == 1
        assert client_.told == [(1, "failed", True)]


@pytest.mark.django_db(transaction=True)
class TestSeveralWorkers:
    def test_a_listener_may_wait_for_whoever_waits_for_the_claim(self, client_: Sender) -> None:
        """An acknowledgement holds a row of the listener's and waits to suppress what the claim has locked."""
        user = cast.alice()
        put(1, 2)
        _sql("update outbox_message set not_after = now() - interval '1 second' where key = 'm1'")
        holding, claiming = threading.Event(), threading.Event()

        def wait_for_alice(_outcomes: object) -> None:
            _sql(f"select 1 from accounts_user where id = {user.pk} for update")

        def ask(messages: Sequence[Message]) -> dict[int, str]:
            claiming.set()
            assert holding.wait(10)
            until(_is_waited_for)  # the acknowledgement wants our rows
            return {}

        def acknowledge() -> int:
            with transaction.atomic():
                _sql(f"select 1 from accounts_user where id = {user.pk} for update")
                holding.set()
                assert claiming.wait(10)
                return operations.suppress("test", [1, 2], reason="acknowledged")

        client_.listen = wait_for_alice
        registry.register(registry.Client("test", ask, client_.render, client_.listener))
        with ThreadPoolExecutor(1) as pool:
            acknowledging = pool.submit(_closing(acknowledge))
            assert _claim() == ["m2"]
            assert acknowledging.result(10) == 0  # a deadlock would have raised in one of the two
        assert client_.told == [(1, "expired", False)]

    def test_two_workers_never_claim_the_same_message(self, client_: Sender) -> None:
        put(*range(1, 201))
        start = threading.Barrier(4)

        def work(n: int) -> list[str]:
            start.wait()
            got: list[str] = []
            try:
                while keys := _claim(owner=f"worker {n}"):
                    got += keys
            finally:
                connection.close()
            return got

        with ThreadPoolExecutor(4) as pool:
            claimed = [key for keys in pool.map(work, range(4)) for key in keys]
        assert sorted(claimed) == sorted(f"m{n}" for n in range(1, 201))

    def test_a_claim_passes_over_what_another_is_claiming(self, client_: Sender) -> None:
        put(1, 2)
        with transaction.atomic():
            _sql("select 1 from outbox_message where key = 'm1' for update")
            assert _in_thread(_claim) == ["m2"]

    def test_once_an_acknowledgement_has_committed_nothing_is_claimed(self, client_: Sender) -> None:
        """The acknowledgement waits for the claim it races with, and wins against every later one."""
        put(1, 2)
        claiming, acknowledged = threading.Event(), threading.Event()

        def claim_slowly() -> None:
            with transaction.atomic():
                assert _claim(Room(1, 0)) == ["m1"]
                claiming.set()
                assert not acknowledged.wait(0.3)
            connection.close()

        def acknowledge() -> None:
            claiming.wait()
            with transaction.atomic():
                operations.suppress("test", [1, 2], reason="acknowledged")
            acknowledged.set()
            connection.close()

        threads = [threading.Thread(target=work) for work in (claim_slowly, acknowledge)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert acknowledged.is_set()
        assert dict(Message.objects.values_list("key", "state")) == {"m1": "sending", "m2": "suppressed"}
        _let_leases_run_out()
        client_.unwanted = {1: "acknowledged"}
        assert _claim() == []
        assert Message.objects.get(key="m1").state == "suppressed"
