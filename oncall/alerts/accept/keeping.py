"""Keep a signal: as a row, or as a file for as long as Postgres cannot take it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from oncall.alerts.accept import recovery, store
from oncall.alerts.accept.store import Found, Row, Values
from oncall.alerts.spool import files, keys
from oncall.alerts.spool.keys import Verdict

log = logging.getLogger(__name__)

DATABASE_WITHIN_SECONDS = 1.2
"""Postgres has so long to take a signal; then it becomes a file, and that its sender is answered in time."""
_late: set[asyncio.Task[Any]] = set()


async def put(row: Row, *, note: str = "") -> Found:
    """Keep a signal, with an ingest error where `note` is given."""
    return await _keep(store.accepted(row, note=note))


async def refuse(row: Row, *, error: str) -> Found:
    """Keep a signal that is answered with an error: people see it, nothing is made of it."""
    return await _keep(store.refused(row, error=error))


async def _keep(values: Values) -> Found:
    """Ask Postgres first, unless it is away or older signals wait: what came first must become a row first."""
    if not recovery.is_needed():
        try:
            return await _in_database(values)
        except store.CannotStore as error:
            recovery.begin(str(error))
            return await _in_file(values)
    try:
        return await _in_file(values)
    except store.Away:
        return await _in_database(values)


async def _in_database(values: Values) -> Found:
    """Store it; what hangs is left behind, and should it end well after all, its request key tells."""
    task = asyncio.ensure_future(store.insert(values))
    _late.add(task)
    task.add_done_callback(_forget)
    await asyncio.wait({task}, timeout=DATABASE_WITHIN_SECONDS)
    if not task.done():
        task.cancel()
        raise store.CannotStore(f"Postgres took longer than {DATABASE_WITHIN_SECONDS} s")
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _late.discard(task)
    if not task.cancelled():
        task.exception()


async def _in_file(values: Values) -> Found:
    """Write it to the spool if its key is good, as far as that is known without Postgres."""
    verdict = keys.load().judge(values["key_hash"], kind=values["source_kind"])
    if verdict is Verdict.UNSURE:
        raise store.Away("Postgres does not answer, and the keys on the disk are too old to refuse one")
    if verdict is Verdict.KNOWN:
        try:
            await asyncio.to_thread(
                files.keep, {k: v for k, v in values.items() if k != "body"}, values["body"]
            )
        except files.CannotKeep as error:
            raise store.Away(str(error)) from error
    is_known = verdict is not Verdict.UNKNOWN
    return Found(is_known, is_accepted=verdict is Verdict.KNOWN, dedup_key=values["dedup_key"])
