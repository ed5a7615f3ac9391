"""Durable deadlines: set them, take them back, and run the ones that have come."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from core.timers import registry
from core.timers.models import Timer

log = logging.getLogger(__name__)

LONGEST_ERROR = 2000


def set(
    kind: str,
    subject_id: int,
    *,
    occurrence: str,
    due_at: datetime,
    payload: dict[str, Any] | None = None,
) -> None:
    """Promise that the handler of `kind` runs once for this subject and occurrence at `due_at`.

    The same promise again moves the deadline (and revives a cancelled one), unless it has run already.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into timers_timer (kind, subject_id, occurrence, due_at, payload, attempts, error)"
            " values (%s, %s, %s, %s, %s::jsonb, 0, '')"
            " on conflict (kind, subject_id, occurrence) do update set due_at = excluded.due_at,"
            " payload = excluded.payload, attempts = 0, error = '', cancelled_at = null"
            " where timers_timer.done_at is null",
            [kind, subject_id, occurrence, due_at, json.dumps(payload or {})],
        )


def cancel(kind: str, subject_ids: Sequence[int]) -> int:
    """Take back what has not run yet for these subjects; give the number taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update timers_timer set cancelled_at = now()"
            " where kind = %s and subject_id = any(%s) and done_at is null and cancelled_at is null",
            [kind, list(subject_ids)],
        )
        return int(cursor.rowcount)


DUE = "select 1 from timers_timer where done_at is null and cancelled_at is null and due_at <= {now}"
SOON = (
    "select min(due_at) from timers_timer where done_at is null and cancelled_at is null and due_at > now()"
)
_DUE = """
select * from timers_timer where done_at is null and cancelled_at is null and due_at <= now()
order by due_at, id limit %s for update skip locked
"""


def run_due(*, limit: int = 50) -> int:
    """Run the handlers of what is due in one transaction, which also marks it done; give the number looked
    at.

    A handler that raises leaves no trace but its error, and is tried again after 2, 4, 8 ... up to 3600 s; so
    is a timer that nobody handles.
    """
    with transaction.atomic():
        due = list(Timer.objects.raw(_DUE, [limit]))
        errors = {timer.pk: _run(timer) for timer in due}
        if due:
            _finish([pk for pk, error in errors.items() if error is None])
            _put_off({pk: error for pk, error in errors.items() if error is not None})
    return len(due)


def _run(timer: Timer) -> str | None:
    """Run one handler in its own savepoint; give what went wrong."""
    handler = registry.handler(timer.kind)
    if handler is None:
        log.error("nothing handles the timer %s of kind %s", timer.pk, timer.kind)
        return f"nothing handles timers of kind {timer.kind}"
    try:
        with transaction.atomic():
            handler(timer)
    except Exception as error:  # one timer's fault must not stop the others
        log.exception("the timer %s of kind %s failed", timer.pk, timer.kind)
        return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    return None


def _finish(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update timers_timer set done_at = now(), error = '' where id = any(%s) and cancelled_at is null",
            [ids],
        )


def _put_off(errors: dict[int, str]) -> None:
    if not errors:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "update timers_timer set attempts = attempts + 1, error = failed.error,"
            " due_at = now() + least(3600, power(2, least(attempts + 1, 12))) * interval '1 second'"
            " from unnest(%s::bigint[], %s::text[]) as failed (pk, error) where id = pk",
            [list(errors), [error.replace("\x00", "") for error in errors.values()]],
        )
