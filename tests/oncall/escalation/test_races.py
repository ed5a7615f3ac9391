"""Two workers, or a person and a worker, in the same instant: on a real database, with threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection

from core.net.postgres import address
from core.outbox import claims, telling
from core.outbox.models import Message
from oncall.alerts.models import Alert
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, Policy
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 12


def together(*actions: Callable[[], object]) -> list[object]:
    """Do these at once, each in a thread of its own; give what each returned, raise what one raised."""
    start = threading.Barrier(len(actions))
    results: list[object] = [None] * len(actions)
    errors: list[BaseException] = []

    def run(n: int, action: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            results[n] = action()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    if errors:
        raise errors[0]
    return results


@pytest.fixture
def policy(alice: User, bob: User) -> Policy:
    return cast.policy((600, [alice]), (600, [bob]))


def test_an_acknowledgement_against_the_deadline_has_exactly_one_outcome(policy: Policy, alice: User) -> None:
    outcomes = set()
    for n in range(ROUNDS):
        alert = cast.alert(f"Alert {n}")
        running = cast.escalation(alert, policy)
        drain()
        pass_time(running, minutes=10)
        together(
            lambda alert=alert: operations.acknowledge(actor=alice, alert=alert),  # type: ignore[misc]
            operations.advance_due,
        )
        running.refresh_from_db()
        alert.refresh_from_db()
        assert (running.status, running.next_at, running.epoch) == ("acknowledged", None, 2)
        assert alert.status == "acknowledged"
        bobs = Page.objects.filter(escalation=running, user__name="Bob Example")
        outcomes.add(tuple(bobs.values_list("status", flat=True)))
        assert not Message.objects.filter(state="pending").exists()
    assert outcomes <= {(), ("suppressed",)}


def test_nothing_is_claimed_after_an_acknowledgement_is_through(policy: Policy, alice: User) -> None:
    for n in range(ROUNDS):
        alert = cast.alert(f"Alert {n}")
        running = cast.escalation(alert, policy)
        drain()
        _, claimed = together(
            lambda alert=alert: operations.acknowledge(actor=alice, alert=alert),  # type: ignore[misc]
            lambda: claims.claim(claims.Room(10, 10), owner="test"),
        )
        message = Message.objects.get(subject_id=Page.objects.get(escalation=running).pk)
        assert message.state == ("sending" if claimed else "suppressed")
        assert claims.claim(claims.Room(10, 10), owner="test") == []
        Message.objects.all().delete()


def test_two_workers_ask_each_level_once(policy: Policy) -> None:
    for n in range(20):
        cast.escalation(cast.alert(f"Alert {n}"), policy)
    counts = together(
        lambda: operations.advance_due(limit=7),
        lambda: operations.advance_due(limit=7),
        operations.advance_due,
    )
    drain()
    assert sum(int(str(count)) for count in counts) <= 20
    assert Page.objects.count() == Message.objects.count() == 20
    assert set(Escalation.objects.values_list("level", flat=True)) == {1}


def test_of_two_people_one_has_it(policy: Policy, alice: User, bob: User) -> None:
    for n in range(ROUNDS):
        alert = cast.alert(f"Alert {n}")
        cast.escalation(alert, policy)
        drain()
        held = together(
            *(
                lambda who=who, alert=alert: operations.acknowledge(actor=who, alert=alert)
                for who in (alice, bob)
            )
        )
        firsts = [one for one in held if isinstance(one, operations.Held) and one.first]
        assert len(firsts) == 1
        assert {one.by for one in held if isinstance(one, operations.Held)} == {firsts[0].by}
        assert Escalation.objects.get(alert=alert).acknowledged_by == firsts[0].by


def test_three_presses_of_pass_on_pass_it_on_once(policy: Policy, alice: User) -> None:
    alert = cast.alert()
    cast.escalation(alert, policy)
    drain()
    done = together(*[lambda: operations.escalate_now(actor=alice, alert=alert, epoch=1)] * 3)
    assert sorted(map(bool, done)) == [False, False, True]
    assert Escalation.objects.get().epoch == 2


def test_runs_that_start_together_are_all_started(policy: Policy, alice: User) -> None:
    alert = cast.alert()
    start = operations.Start(alert_id=alert.pk, policy_id=policy.pk)
    together(*[lambda: operations.start_many([start])] * 4)
    assert sorted(Escalation.objects.values_list("generation", flat=True)) == [1, 2, 3, 4]


def test_an_incident_is_declared_once_however_often_it_is_pressed(policy: Policy, alice: User) -> None:
    cast.severity()
    alert = cast.alert()
    cast.escalation(alert, policy)
    drain()
    page = Page.objects.select_related("escalation").get()
    declared = together(*[lambda: operations.declare_page(page, actor=alice)] * 3)
    assert len(set(declared)) == 1
    assert Alert.objects.get().incident in declared


def test_failures_that_come_in_while_somebody_acknowledges_hurt_nobody(
    policy: Policy, alice: User, bob: User
) -> None:
    for n in range(ROUNDS):
        alert = cast.alert(f"Alert {n}")
        running = cast.escalation(alert, cast.policy((600, [alice, bob]), (600, [bob]), name=f"Policy {n}"))
        drain()
        failed = [
            telling.outcome_of(message, "retrying", "451", fallback=True)
            for message in Message.objects.filter(state="pending")
        ]
        together(
            lambda alert=alert: operations.acknowledge(actor=alice, alert=alert),  # type: ignore[misc]
            lambda failed=failed: telling.tell(failed[:1]),  # type: ignore[misc]
            lambda failed=failed: telling.tell(failed[1:]),  # type: ignore[misc]
            operations.advance_due,
        )
        running.refresh_from_db()
        assert (running.status, running.acknowledged_by) == ("acknowledged", alice)
        assert not Message.objects.filter(state="pending").exists()
        assert not Page.objects.open().exists()


def test_two_acknowledgements_at_once_are_two_and_one_person_twice_is_one(alice: User, bob: User) -> None:
    policy = cast.policy((600, [alice, bob]), acks_needed=2, name="Two")
    for n in range(ROUNDS // 2):
        twice, both = cast.alert(f"Twice {n}"), cast.alert(f"Both {n}")
        for alert in (twice, both):
            cast.escalation(alert, policy)
        drain()
        together(*[lambda alert=twice: operations.acknowledge(actor=alice, alert=alert)] * 2)
        together(
            *(
                lambda who=who, alert=both: operations.acknowledge(actor=who, alert=alert)
                for who in (alice, bob)
            )
        )
        runs = [Escalation.objects.get(alert=alert) for alert in (twice, both)]
        assert [(run.status, len(run.acks)) for run in runs] == [("escalating", 1), ("acknowledged", 2)]
        Escalation.objects.filter(pk=runs[0].pk).update(status="closed", next_at=None)


def test_a_locked_table_is_held_against_no_escalation(policy: Policy) -> None:
    first, second = cast.escalation(cast.alert("One"), policy), cast.escalation(cast.alert("Two"), policy)
    with psycopg.connect(address()) as other:
        other.execute("lock table outbox_message in access exclusive mode")
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '50ms'")
        try:
            assert operations.advance_due() == 0
        finally:
            with connection.cursor() as cursor:
                cursor.execute("reset lock_timeout")
        other.rollback()
    assert not Page.objects.exists()
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.next_at is not None
    assert second.next_at is not None
    assert first.next_at <= queries.now() + timedelta(seconds=2)
    assert second.next_at <= queries.now()

    Escalation.objects.filter(pk=first.pk).update(next_at=queries.now())
    assert operations.advance_due() == 2
    assert Message.objects.count() == 2
