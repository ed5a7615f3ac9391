"""The only SQL of the door, on connections of its own: one statement, one transaction, then the answer.

The drain of the spool runs the same statement, on Django's connection.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
import psycopg_pool
from psycopg_pool import AsyncConnectionPool

from core.net.postgres import address

Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]

WAITING = 400
"""How many requests of one process may wait for a connection before it says that it is overloaded."""
NOTE_EVERY_SECONDS = 5.0
OPTIONS = "-c statement_timeout=2s -c lock_timeout=1s -c idle_in_transaction_session_timeout=5s"


class Overloaded(Exception):
    """Too many requests wait for a connection."""


class Away(Exception):
    """Postgres does not answer, so nothing was promised."""


class CannotStore(Away):
    """Postgres is out of reach, full, or may only be read: the spool takes what is for it."""


Values = dict[str, Any]
"""What a statement of the door is given. `received_at` is None for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A signal to store, from the source of kind `source_kind` that has this key."""

    key: str
    source_kind: str
    kind: str
    request_key: str | None
    content_type: str
    body: bytes
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Found:
    """Whether the key is known, whether the signal is stored, and the dedup key it was first answered with."""

    is_known: bool
    is_accepted: bool = False
    dedup_key: str = ""


_SOURCE = """
with source as (select id, kind from oncall_integration where key_hash = %(key_hash)s and is_active),
stored as (
    insert into oncall_signal (integration_id, request_key, kind, content_type, body, dedup_key, state, error,
        received_at)
    select id, %(request_key)s, %(kind)s, %(content_type)s, %(body)s, %(dedup_key)s, %(state)s, %(error)s,
        least(now(), %(received_at)s::timestamptz)
    from source where kind = %(source_kind)s
    on conflict (integration_id, request_key) do update set request_key = excluded.request_key
    returning id, integration_id, dedup_key
)"""
_FOUND = " select stored.id, stored.dedup_key from source left join stored on true"
_NOTED = """,
noted as (
    insert into oncall_ingesterror (integration_id, signal_id, kind, detail, count)
    select integration_id, id, %(note_kind)s, left(%(note)s, 500), 1 from stored
    on conflict (integration_id, kind, detail)
    do update set count = oncall_ingesterror.count + 1, last_at = now(), signal_id = excluded.signal_id
)"""
PUT = _SOURCE + _FOUND
PUT_AND_NOTE = _SOURCE + _NOTED + _FOUND
NOTE = """
insert into oncall_ingesterror (integration_id, signal_id, kind, detail, count)
values (null, null, %(kind)s, left(%(detail)s, 500), %(count)s)
on conflict (integration_id, kind, detail)
do update set count = oncall_ingesterror.count + excluded.count, last_at = now()"""


def accepted(row: Row, *, note: str = "") -> Values:
    """The values that store a signal, with an ingest error where `note` is given."""
    return _values(row, note=note, note_kind="too_large")


def refused(row: Row, *, error: str) -> Values:
    """The values of a signal that is answered with an error: people see it, nothing is made of it."""
    return _values(row, note=error, note_kind="refused", state="refused", error=error)


def _values(row: Row, **more: str) -> Values:
    return {
        "key_hash": hashlib.sha256(row.key.encode(errors="replace")).hexdigest(),
        "source_kind": row.source_kind,
        "kind": row.kind,
        "request_key": row.request_key or f"door-{time.time_ns():x}-{secrets.token_hex(8)}",
        "content_type": row.content_type,
        "body": row.body,
        "dedup_key": row.dedup_key,
        "state": "new",
        "error": "",
        "received_at": None,
        **more,
    }


def statement(values: Values) -> str:
    """The statement for these values. A repeated request key finds the signal that came first."""
    return PUT_AND_NOTE if values["note"] else PUT


def found(rows: list[tuple[Any, ...]]) -> Found:
    """What a statement has found."""
    if not rows:
        return Found(is_known=False)
    return Found(is_known=True, is_accepted=rows[0][0] is not None, dedup_key=rows[0][1] or "")


async def insert(values: Values) -> Found:
    """Store a signal in Postgres."""
    return found(await _execute(statement(values), values))


async def note(kind: str, detail: str, *, count: int = 1) -> None:
    """Keep an ingest error that belongs to no source."""
    await _execute(NOTE, {"kind": kind, "detail": detail, "count": count})


_refusals: Counter[tuple[str, str]] = Counter()
_writing: set[asyncio.Task[None]] = set()


def soon(kind: str, detail: str) -> None:
    """Keep such an ingest error a little later: however many come, one row is written every five seconds."""
    _refusals[kind, detail] += 1
    if not _writing:
        task = asyncio.ensure_future(_write_refusals())
        _writing.add(task)
        task.add_done_callback(_writing.discard)


def is_writing() -> bool:
    """Whether such an ingest error is still on its way to the database."""
    return bool(_writing)


async def _write_refusals() -> None:
    while _refusals:
        (kind, detail), count = _refusals.popitem()
        try:
            await note(kind, detail, count=count)
        except (Away, Overloaded):
            _refusals[kind, detail] += count
        await asyncio.sleep(NOTE_EVERY_SECONDS)


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


async def _execute(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement in a transaction of its own; once more when its connection turns out to be dead."""
    pool = await _pool()
    try:
        try:
            return await _once(pool, sql, values)
        except psycopg.OperationalError as error:
            if isinstance(error, psycopg_pool.PoolTimeout | psycopg_pool.TooManyRequests):
                raise
            await pool.check()
            return await _once(pool, sql, values)
    except psycopg_pool.TooManyRequests as error:
        raise Overloaded from error
    except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction) as error:
        raise CannotStore(str(error).partition("\n")[0]) from error
    except psycopg.Error as error:
        raise Away(str(error).partition("\n")[0]) from error


async def _once(pool: Pool, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with pool.connection() as own:
        cursor = await own.execute(sql, values)
        return await cursor.fetchall() if cursor.description else []


async def _pool() -> Pool:
    loop = asyncio.get_running_loop()
    if (pool := _pools.get(loop)) is None:
        pool = _pools[loop] = AsyncConnectionPool(
            address(),
            min_size=1,
            max_size=8,
            timeout=2,
            max_waiting=WAITING,
            reconnect_timeout=2,
            open=False,
            name="ingest",
            kwargs={"autocommit": True, "prepare_threshold": 1, "connect_timeout": 2, "options": OPTIONS},
        )
    if pool.closed:
        await pool.open()
    return pool


async def close() -> None:
    """Close the connections of the running loop, at the end of the process."""
    if (pool := _pools.pop(asyncio.get_running_loop(), None)) is not None:
        await pool.close()
