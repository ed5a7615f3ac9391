"""The inbox: signals that wait, taken in order, marked when they are done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from oncall.alerts.models import Signal
from oncall.alerts.rules import back_off

SOURCES = 20
"""From so many sources signals are taken together, so that a flood from one does not hold up the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A signal to process, with its source."""

    id: int
    integration_id: int
    source: str
    service_id: int | None
    kind: str
    body: bytes
    dedup_key: str
    attempts: int
    asked_early: dict[str, Any] | None = None


_LOCK = """
select i.id from oncall_integration i
cross join lateral (
    select s.id from oncall_signal s
    where s.integration_id = i.id and s.state = 'new' and s.due_at <= statement_timestamp() order by s.id limit 1
) oldest
order by oldest.id limit %s
for no key update of i skip locked"""

_TAKE = """
with seen as (
    update oncall_integration set last_signal_at = statement_timestamp()
    where id = any(%s)
        and (last_signal_at is null or last_signal_at < statement_timestamp() - interval '5 seconds')
)
select s.id, i.id, i.name, i.service_id, s.kind, s.body, s.dedup_key, s.attempts, s.asked_early
from oncall_integration i
cross join lateral (
    select s.*, row_number() over (order by s.id) as turn from oncall_signal s
    where s.integration_id = i.id and s.state = 'new' and s.due_at <= statement_timestamp() order by s.id limit %s
) s
where i.id = any(%s) order by s.turn, s.id limit %s"""


def claim(limit: int) -> list[Waiting]:
    """Take due signals in the caller's transaction, a source's own in the order in which they came.

    The sources are locked, not the signals: two workers never take from one source at once, so a resolve cannot
    overtake its trigger. The second statement sees what the worker before has just committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [SOURCES])
        sources = [row[0] for row in cursor.fetchall()]
        return _take(sources, limit) if sources else []


def claim_one(signal_id: int) -> Waiting | None:
    """Take one signal alone, None when another worker has taken or finished it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select i.id from oncall_integration i join oncall_signal s on s.integration_id = i.id"
            " where s.id = %s for no key update of i",
            [signal_id],
        )
        cursor.execute(
            "select s.id, i.id, i.name, i.service_id, s.kind, s.body, s.dedup_key, s.attempts, s.asked_early"
            " from oncall_signal s"
            " join oncall_integration i on i.id = s.integration_id where s.id = %s and s.state = 'new'",
            [signal_id],
        )
        row = cursor.fetchone()
    return _waiting(row) if row else None


def _take(sources: list[int], limit: int) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [sources, limit, sources, limit])
        rows = cursor.fetchall()
    return sorted((_waiting(row) for row in rows), key=lambda signal: signal.id)


def _waiting(row: tuple[Any, ...]) -> Waiting:
    ident, integration_id, source, service_id, kind, body, dedup_key, attempts, asked_early = row
    return Waiting(
        id=ident,
        integration_id=integration_id,
        source=source,
        service_id=service_id,
        kind=kind,
        body=bytes(body),
        dedup_key=dedup_key,
        attempts=attempts,
        asked_early=json.loads(asked_early) if isinstance(asked_early, str) else asked_early,
    )


def finish(notes: Mapping[int, str], *, keys: Mapping[int, str], poisonous: Sequence[int] = ()) -> None:
    """Mark signals as processed, in the caller's transaction, each with a note for people or none.

    `keys` are the dedup keys they speak of; the poisonous ones are marked as not understood.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "update oncall_signal s set processed_at = statement_timestamp(), error = n.note,"
            " dedup_key = coalesce(nullif(s.dedup_key, ''), left(n.key, 255)),"
            " state = case when s.id = any(%s) then 'poison' else 'processed' end"
            " from unnest(%s::bigint[], %s::text[], %s::text[]) as n (id, note, key) where s.id = n.id",
            [list(poisonous), list(notes), list(notes.values()), [keys.get(id_, "") for id_ in notes]],
        )


def put_off(signal_id: int, *, error: str) -> None:
    """Let a signal that failed wait 1, 2, 4, then 8 seconds; the others carry on."""
    attempts = Signal.objects.filter(pk=signal_id).values_list("attempts", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(
            "update oncall_signal set attempts = attempts + 1, error = left(%s, 2000),"
            " due_at = statement_timestamp() + %s * interval '1 second' where id = %s and state = 'new'",
            [error, back_off(attempts + 1), signal_id],
        )
