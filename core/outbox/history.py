"""The history of the outbox: what is over moves to partitions by month, is read beside the rest, and goes by the month.

So the table that is claimed from stays small, however long Watchbill runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection

from core.outbox.models import Attempt, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 1000
OLDEST = 5000
"""So many of the oldest messages are looked at for those that may move."""
TABLES = ("outbox_pastmessage", "outbox_pastattempt")
FORGOTTEN: Final = {"secret": "''", "content": "content - '{text,html,code,token,data}'::text[]"}
"""What the history does not keep: the words that went out, and what could be used to answer."""
_COLUMNS = [field.column for field in Message._meta.concrete_fields if field.column]  # noqa: SLF001 - Django's own word
_OF_ATTEMPT = [field.column for field in Attempt._meta.concrete_fields if field.column]  # noqa: SLF001


def messages(client: str, subject_ids: Sequence[int]) -> list[Message]:
    """Give the messages about subjects, wherever they lie, oldest first, with one query."""
    return list(
        Message.objects.raw(
            _of_both(
                _COLUMNS, "outbox_message", "outbox_pastmessage", "client = %s and subject_id = any(%s)"
            ),
            [client, list(subject_ids)] * 2,
        )
    )


def attempts(message_ids: Sequence[int]) -> list[Attempt]:
    """Give the tries of messages, wherever they lie, oldest first, with one query."""
    return list(
        Attempt.objects.raw(
            _of_both(_OF_ATTEMPT, "outbox_attempt", "outbox_pastattempt", "message_id = any(%s)"),
            [list(message_ids)] * 2,
        )
    )


def _of_both(columns: Sequence[str], table: str, past: str, where: str) -> str:
    names = ", ".join(columns)
    return f"select {names} from {table} where {where} union all select {names} from {past} where {where} order by id"  # noqa: S608


# What may still change stays: not ended, not told, a receipt due, in a digest that is not over, or to be sealed.
_CHOOSE = """
with oldest as materialized (select id from outbox_message order by id limit %(oldest)s)
select message.id, date_trunc('month', coalesce(message.ended_at, message.created_at) at time zone 'UTC')
from outbox_message as message join oldest using (id)
where message.state not in ('pending', 'sending') and message.untold_at is null
    and coalesce(message.ended_at, message.created_at) < now() - %(days)s * interval '1 day'
    and not (message.state = 'accepted' and message.receipt_due_at is not null)
    and (message.address like 'sealed:%%' or message.channel in ('email', 'null') or message.address = '')
    and not exists (select from outbox_message as digest where digest.id = message.bundle_of_id
        and (digest.state in ('pending', 'sending') or digest.untold_at is not null))
order by message.id limit %(at_once)s for update of message skip locked"""


def _move(columns: Sequence[str], of_attempt: Sequence[str]) -> str:
    kept = ", ".join(
        "coalesce(ended_at, created_at)" if name == "ended_at" else FORGOTTEN.get(name, name)
        for name in columns
    )
    tries = ", ".join(f"tries.{name}" for name in of_attempt)
    return f"""
with tries as (
    delete from outbox_attempt where message_id = any(%(ids)s) returning {", ".join(of_attempt)}
), gone as (
    delete from outbox_message where id = any(%(ids)s) returning {", ".join(columns)}
), past_tries as (
    insert into outbox_pastattempt ({", ".join(of_attempt)}, ended_at)
    select {tries}, coalesce(gone.ended_at, gone.created_at) from tries join gone on gone.id = tries.message_id
)
insert into outbox_pastmessage ({", ".join(columns)}) select {kept} from gone"""  # noqa: S608


def move_some() -> int:
    """Move a share of what ended long enough ago into the history, in the caller's transaction; give its number."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext('outbox_history'))")
        if not cursor.fetchone()[0]:
            return 0
        asked = {"oldest": OLDEST, "at_once": AT_ONCE, "days": settings.HISTORY_AFTER_DAYS}
        cursor.execute(_CHOOSE, asked)
        chosen: list[tuple[int, datetime]] = cursor.fetchall()
        if not chosen:
            return 0
        for month in {month for _, month in chosen}:
            _make_partitions(month)
        cursor.execute(_move(_COLUMNS, _OF_ATTEMPT), {"ids": [id_ for id_, _ in chosen]})
    return len(chosen)


def _make_partitions(month: datetime) -> None:
    begin, end = _text(month.year, month.month), _text(month.year + month.month // 12, month.month % 12 + 1)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute("select to_regclass(%s) is null", [_partition(table, month)])
            if cursor.fetchone()[0]:
                cursor.execute(
                    f"create table {_partition(table, month)} partition of {table}"
                    f" for values from ('{begin}') to ('{end}')"
                )


def _text(year: int, month: int) -> str:
    return f"{year:04}-{month:02}-01T00:00:00Z"


def _partition(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def drop_old() -> int:
    """Drop the months that are kept no longer, whole, in the caller's transaction; give how many partitions went."""
    if settings.HISTORY_MONTHS <= 0:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "select part.relname from pg_inherits join pg_class part on part.oid = inhrelid"
            " where inhparent = any(%s::regclass[])",
            [list(TABLES)],
        )
        names = [row[0] for row in cursor.fetchall()]
        over = [name for name in names if _age(name, datetime.now(UTC)) > settings.HISTORY_MONTHS]
        for name in over:
            cursor.execute(f"drop table {connection.ops.quote_name(name)}")
    return len(over)


def _age(name: str, at: datetime) -> int:
    """How many months ago the month of a partition was."""
    year, month = (int(part) for part in name.rsplit("_", 2)[-2:])
    return (at.year - year) * 12 + at.month - month
