from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client

from oncall.escalation import operations, queries
from oncall.escalation.models import Level, Policy
from oncall.escalation.rules.plans import LevelSpec
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from oncall.escalation.models import Escalation

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    return [cast.alice(), cast.bob(), cast.carol()]


def robin(people: Sequence[User], timeout: int = 600) -> LevelSpec:
    return LevelSpec(timeout, tuple(cast.target(person) for person in people), round_robin=True)


def first_asked(count: int, policy: Policy) -> list[str]:
    """Who is asked first about each of so many new alerts."""
    names = []
    for _ in range(count):
        running = cast.escalation(cast.alert(f"Alert {Page.objects.count()}"), policy)
        drain()
        names.append(asked(running)[0][0])
    return names


def test_each_new_alert_asks_the_next_one(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    assert first_asked(5, policy) == ["Alice", "Bob", "Carol", "Alice", "Bob"]
    assert Page.objects.first().why.startswith("Level 1 of Engineering: by turns.")  # type: ignore[union-attr]


def test_a_batch_gives_every_alert_its_own_turn(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    runs = [cast.escalation(cast.alert(f"Alert {n}"), policy) for n in range(6)]
    assert drain() == 6
    assert sorted(asked(run)[0][0] for run in runs) == ["Alice", "Alice", "Bob", "Bob", "Carol", "Carol"]


def test_the_next_pass_asks_the_one_after(people: list[User]) -> None:
    running = cast.escalation(cast.alert(), cast.policy(robin(people), repeat=3))
    drain()
    for _ in range(2):
        pass_time(running, minutes=10)
        drain()
    assert [who for who, *_ in asked(running)] == ["Alice", "Bob", "Carol"]
    assert Level.objects.get().turn == 1


def test_each_level_has_its_own_turns(people: list[User]) -> None:
    policy = cast.policy(robin(people[:2]), robin(people))
    for _ in range(2):
        drain_two(cast.escalation(cast.alert(f"Alert {Page.objects.count()}"), policy))
    assert list(Page.objects.order_by("pk").values_list("user__name", flat=True)) == [
        "Alice Example",
        "Alice Example",
        "Bob Example",
        "Bob Example",
    ]


def drain_two(running: Escalation) -> None:
    drain()
    pass_time(running, minutes=10)
    drain()


def test_who_has_left_is_passed_over_and_the_ledger_says_so(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    people[0].is_active = False
    people[0].save()
    running = cast.escalation(cast.alert(), policy)
    drain()
    assert asked(running) == [("Bob", 0, 0, "pending"), ("nobody", 0, 0, "failed")]
    assert Page.objects.get(user=None).why == (
        "Level 1 of Engineering. The account of Alice Example is closed."
    )


def test_a_message_says_who_is_next_by_its_own_turn(people: list[User]) -> None:
    policy = cast.policy(robin(people[:1]), robin(people[1:]))
    first, second = (cast.escalation(cast.alert(f"Alert {n}"), policy) for n in range(2))
    drain()
    for running in (first, second):
        running.refresh_from_db()
    upcoming = [queries.next_up(running) for running in (first, second)]
    assert [str(person) for each in upcoming if each for person in each.people] == [
        "Bob Example",
        "Carol Example",
    ]


def test_an_edit_goes_on_with_the_turns_as_they_were(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    assert first_asked(2, policy) == ["Alice", "Bob"]
    operations.change_policy(policy, name="Engineering", levels=[robin(people, 60)], actor=None)
    assert first_asked(1, policy) == ["Carol"]


def test_a_run_whose_policy_is_gone_asks_somebody_all_the_same(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    running = cast.escalation(cast.alert(), policy)
    operations.remove_policy(policy, actor=None)
    drain()
    assert len(asked(running)) == 1


def test_what_is_rolled_back_takes_no_turn(people: list[User]) -> None:
    policy = cast.policy(robin(people))
    cast.escalation(cast.alert(), policy)
    with transaction.atomic():
        drain()
        assert Level.objects.get().turn == 1
        transaction.set_rollback(True)
    assert Level.objects.get().turn == 0


@pytest.mark.django_db(transaction=True)
def test_no_turn_is_lost_or_given_twice_while_many_advance_at_once() -> None:
    people = [cast.alice(), cast.bob(), cast.carol()]
    policy = cast.policy(robin(people), robin(people))
    runs = [cast.escalation(cast.alert(f"Alert {n}"), policy) for n in range(30)]

    def advance() -> None:
        while operations.advance_due(limit=2):
            pass
        connection.close()

    threads = [threading.Thread(target=advance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in runs:
        run.refresh_from_db()
    for level in (0, 1):
        assert sorted(run.plan["levels"][level]["turn"] for run in runs) == list(range(30))
    assert sorted(asked(run)[0][0] for run in runs) == sorted(["Alice", "Bob", "Carol"] * 10)


def test_the_screen_says_whose_turn_it_is(people: list[User]) -> None:
    policy = cast.policy(robin(people), team=cast.team())
    first_asked(1, policy)
    client = Client()
    client.force_login(cast.mona())
    html = client.get("/escalation/engineering/").content.decode()
    assert "by turns, next" in html
    assert "At once Alice Example or Bob Example or Carol Example is asked, by turns." in html
    fresh = queries.policy(people[0], "engineering")
    assert [str(person) for rung in queries.ladder(fresh).rungs for person in rung.people] == ["Bob Example"]


def test_the_editor_keeps_the_round_robin(people: list[User]) -> None:
    policy = cast.policy(robin(people), team=cast.team())
    client = Client()
    client.force_login(cast.mona())
    editor = client.get("/escalation/engineering/edit/").content.decode()
    assert 'name="level-0-round_robin" aria-describedby="level-0-round_robin-hint" checked' in editor
    given = {
        "name": "Engineering",
        "team": cast.team().pk,
        "repeat": "1",
        "version": policy.version,
        "levels": "2",
        "level-0-minutes": "5",
        "level-0-targets": [f"user:{person.pk}" for person in people],
        "level-1-minutes": "5",
        "level-1-targets": [f"user:{person.pk}" for person in people],
        "level-1-round_robin": "on",
    }
    shown = client.post("/escalation/engineering/edit/", {**given, "do": "more-1"}).content.decode()
    assert 'name="level-1-round_robin" aria-describedby="level-1-round_robin-hint" checked' in shown
    assert client.post("/escalation/engineering/edit/", {**given, "do": "save"}).status_code == 302
    assert list(Level.objects.values_list("round_robin", flat=True)) == [False, True]
