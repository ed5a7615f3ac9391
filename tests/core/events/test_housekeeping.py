from __future__ import annotations

import threading

import pytest
from django.db import connection

from core.events import housekeeping, jobs
from core.outbox import registry
from core.outbox.models import WorkerBeat
from core.timers.models import Timer

pytestmark = pytest.mark.django_db


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_is_long_done_is_forgotten_and_the_rest_stays() -> None:
    _sql(
        "insert into timers_timer (kind, subject_id, occurrence, due_at, payload, attempts, error, done_at,"
        " cancelled_at) values"
        " ('done', 1, '', now(), '{}', 0, '', now() - interval '31 days', null),"
        " ('cancelled', 1, '', now(), '{}', 0, '', null, now() - interval '31 days'),"
        " ('fresh', 1, '', now(), '{}', 0, '', now(), null),"
        " ('open', 1, '', now() - interval '1 year', '{}', 0, '', null, null)"
    )
    _sql(
        "insert into outbox_workerbeat (name, kind, seen_at)"
        " values ('old', 'pagerd', now() - interval '2 days'), ('new', 'pagerd', now())"
    )
    jobs.housekeep()
    assert set(Timer.objects.values_list("kind", flat=True)) == {"fresh", "open"}
    assert set(WorkerBeat.objects.values_list("name", flat=True)) == {"new"}


def test_a_chore_is_bounded_and_its_fault_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        _sql("select 1 / 0")
        return 1

    rounds: list[int] = []

    def endless() -> int:
        rounds.append(1)
        return 5

    monkeypatch.setattr(housekeeping, "_chores", {"broken": broken, "endless": endless})
    assert housekeeping.run() == 50
    assert len(rounds) == housekeeping.ROUNDS


def test_every_chore_of_the_product_is_a_valid_one() -> None:
    """What cannot be done is logged and left; here each is done on empty tables, so a wrong word would raise."""
    assert {"prune oncall_signal", "prune accounts_session", "prune api_answer"} <= set(housekeeping._chores)
    for name, chore in housekeeping._chores.items():
        assert chore() == 0, name


def test_the_pager_keeps_house_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    done: list[str] = []

    def chore() -> int:
        done.append("swept")
        over.set()
        return 0

    monkeypatch.setattr(housekeeping, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(housekeeping, "_chores", {"sweep": chore})
    thread = threading.Thread(target=housekeeping.keep_house, args=(over,))
    thread.start()
    thread.join(10)
    assert done == ["swept"]
    assert "housekeeping" in [companion.name for companion in registry.companions()]
