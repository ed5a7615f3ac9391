from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from core.outbox import history, sending
from core.outbox.models import Attempt, Message, State
from tests.core.outbox.conftest import put

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("client_")]
OLD = timedelta(days=8)


def ended(number: int, **changes: object) -> Message:
    """A message that was sent long ago, with its try."""
    (id_,) = put(number, channel="null", secret="whsec")
    sending.send_due()
    old = {"created_at": Now() - OLD, "ended_at": Now() - OLD}
    Message.objects.filter(pk=id_).update(**(old | changes))
    return Message.objects.get(pk=id_)


def ids(messages: list[Message]) -> list[int]:
    return [message.pk for message in messages]


def test_what_ended_long_ago_moves_with_its_tries_and_is_read_beside_the_rest() -> None:
    old, young = ended(1), ended(2, ended_at=Now())
    tries = list(Attempt.objects.order_by("id").values_list("id", "message_id", "outcome"))
    assert (history.move_some(), history.move_some()) == (1, 0)
    assert ids(list(Message.objects.all())) == [young.pk]
    assert ids(history.messages("test", [1, 2])) == [old.pk, young.pk]
    kept = history.messages("test", [1])[0]
    assert (kept.key, kept.state, kept.ended_at, kept.content) == (
        "m1",
        "accepted",
        old.ended_at,
        {"subject": "stored subject"},
    )
    assert kept.secret == ""
    read = history.attempts([old.pk, young.pk])
    assert [(each.pk, each.message_id, each.outcome) for each in read] == tries


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.PENDING, "ended_at": None},
        {"receipt_due_at": Now()},
        {"untold_at": Now()},
        {"ended_at": Now()},
        {"channel": "sms", "address": "+4915112345678"},
    ],
    ids=["waits", "receipt due", "untold", "young", "not sealed"],
)
def test_what_may_still_be_changed_stays(change: dict[str, object]) -> None:
    ended(1, **change)
    assert history.move_some() == 0


def test_what_went_in_a_digest_stays_until_the_digest_is_over() -> None:
    digest = ended(1)
    ended(2, state=State.BUNDLED, bundle_of=digest.pk)
    Message.objects.filter(pk=digest.pk).update(state=State.PENDING, ended_at=None)
    assert history.move_some() == 0
    Message.objects.filter(pk=digest.pk).update(state=State.ACCEPTED, ended_at=Now())
    assert history.move_some() == 1
    assert history.messages("test", [2])[0].bundle_of_id == digest.pk
    assert ids(list(Message.objects.all())) == [digest.pk]


def test_a_fallback_may_stay_behind_what_it_stood_in_for() -> None:
    first = ended(1, state=State.FAILED)
    ended(2, ended_at=Now(), fallback_of=first.pk)
    assert history.move_some() == 1
    assert Message.objects.get().fallback_of_id == first.pk


def test_an_interruption_leaves_everything_where_it_was() -> None:
    old = ended(1)
    point = transaction.savepoint()
    assert history.move_some() == 1
    transaction.savepoint_rollback(point)
    assert ids(list(Message.objects.all())) == [old.pk]
    assert ids(history.messages("test", [1])) == [old.pk]
    assert Attempt.objects.count() == 1


def partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = any(%s::regclass[])"
            " order by 1",
            [list(history.TABLES)],
        )
        return [row[0] for row in cursor.fetchall()]


def test_each_month_has_its_own_partition_and_old_ones_are_dropped_whole(settings: Settings) -> None:
    ended(1, ended_at="2020-11-30T23:59:59Z")
    ended(2, ended_at="2020-12-31T23:59:59Z")
    assert history.move_some() == 2
    assert partitions() == [
        "outbox_pastattempt_2020_11",
        "outbox_pastattempt_2020_12",
        "outbox_pastmessage_2020_11",
        "outbox_pastmessage_2020_12",
    ]
    settings.HISTORY_MONTHS = 0
    assert history.drop_old() == 0
    settings.HISTORY_MONTHS = 24
    assert history.drop_old() == 4
    assert history.messages("test", [1, 2]) == []


@pytest.mark.parametrize(
    ("table", "past", "more"),
    [
        ("outbox_message", "outbox_pastmessage", set()),
        ("outbox_attempt", "outbox_pastattempt", {("ended_at", "timestamp with time zone")}),
    ],
)
def test_the_history_has_every_column(table: str, past: str, more: set[tuple[str, str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name, data_type || coalesce(character_maximum_length::text, '')"
            " from information_schema.columns where table_name = any(%s)",
            [[table, past]],
        )
        rows = cursor.fetchall()
    found = {name: {row[1:] for row in rows if row[0] == name} for name in (table, past)}
    assert found[past] == found[table] | more


def test_reading_the_history_of_pages_uses_its_indexes() -> None:
    ended(1)
    history.move_some()
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(
            "explain select id from outbox_pastmessage where client = 'test' and subject_id = any('{1}')"
        )
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "client_subject_id_idx" in plan


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ],
)
def test_nothing_of_the_product_holds_the_database_for_long(setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting(%s)", [setting])
        assert cursor.fetchone() == (value,)


@pytest.mark.parametrize(
    "table",
    ["outbox_message", "outbox_attempt", "oncall_escalation", "oncall_page", "oncall_alert", "timers_timer"],
)
def test_tables_that_change_all_the_time_are_vacuumed_early(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select reloptions from pg_class where relname = %s", [table])
        options = cursor.fetchone()[0]
    assert {"autovacuum_vacuum_scale_factor=0.01", "autovacuum_vacuum_cost_delay=0", "fillfactor=80"} <= set(
        options
    )
