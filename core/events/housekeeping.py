"""Forget what nobody needs any more, a bounded share at a time, so that no table only grows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connection, transaction

log = logging.getLogger(__name__)

AT_ONCE = 1000
ROUNDS = 10

_chores: dict[str, Callable[[], int]] = {}


def add(name: str, chore: Callable[[], int]) -> None:
    """Let housekeeping do this every minute: a bounded share, giving how much it did, 0 when nothing is left."""
    _chores[name] = chore


def prune(table: str, where: str, *, key: str = "id") -> None:
    """Let housekeeping delete the rows of a table that meet a condition. All are words of our own code."""
    add(f"prune {table}", lambda: _delete(table, where, key))


EVERY_SECONDS = 60.0


def keep_house(over: threading.Event) -> None:
    """Do every chore each minute until the pager ends, so that nothing waits for beat and Celery to be alive."""
    while not over.wait(EVERY_SECONDS):
        try:
            run()
        except Exception as error:  # Postgres may be away: a minute later is soon enough
            log.warning("housekeeping failed: %s", error)
        finally:
            connection.close()


def run() -> int:
    """Do every chore until it has nothing left, at most ten rounds each; give how much was done."""
    return sum(_do(name, chore) for name, chore in _chores.items())


def _do(name: str, chore: Callable[[], int]) -> int:
    total = 0
    try:
        for _ in range(ROUNDS):
            with transaction.atomic():
                done = chore()
            total += done
            if not done:
                break
    except Exception:  # one chore's fault must not stop the others
        log.exception("housekeeping failed: %s", name)
    return total


def _delete(table: str, where: str, key: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"with old as (select {key} from {table} where {where} limit {AT_ONCE} for update skip locked)"  # noqa: S608
            f" delete from {table} using old where {table}.{key} = old.{key}"
        )
        return int(cursor.rowcount)
