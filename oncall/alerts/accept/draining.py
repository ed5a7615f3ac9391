"""Make rows of the signals that lie in the spool: in order, once each, gone from the disk only after their commit."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction

from core import failpoints
from core.events import nudge
from oncall.alerts import operations
from oncall.alerts.accept import store
from oncall.alerts.models import ReceiptOutcome
from oncall.alerts.spool import asked, files
from oncall.alerts.spool.files import Damaged, Kept

log = logging.getLogger(__name__)

AT_ONCE = 50
REVOKED = "A signal that was taken while Postgres was away came with a key that is not good any more."


def drain_due(limit: int = 100) -> int:
    """Take in signals that lie in the spool of this machine; give how many were dealt with."""
    if not files.is_waiting():
        return 0
    with files.alone() as is_alone:
        if not is_alone:
            return 0
        names = files.waiting()[:limit]
        for start in range(0, len(names), AT_ONCE):
            _take(names[start : start + AT_ONCE])
        files.sweep()
    nudge.drain()
    return len(names)


def _take(names: Sequence[str]) -> None:
    kept = [one for name in names if (one := _read(name)) is not None]
    try:
        with transaction.atomic():
            for one in kept:
                _insert(one)
    except (DataError, IntegrityError):
        for one in kept:
            _alone(one)
    failpoints.hit("before_spool_removal")
    for one in kept:
        files.remove(one.name)
        asked.forget(one.name)


def _read(name: str) -> Kept | None:
    try:
        return files.read(name)
    except Damaged as error:
        _quarantine(name, str(error))
        return None


def _alone(kept: Kept) -> None:
    try:
        with transaction.atomic():
            _insert(kept)
    except (DataError, IntegrityError) as error:
        _quarantine(kept.name, f"Postgres refuses it: {error}")


def _quarantine(name: str, why: str) -> None:
    log.critical("a signal that was taken cannot be read, it is kept in quarantine as %s: %s", name, why)
    operations.note_damaged(name, why=why, received_at=_moment(name))
    files.set_aside(name)


def _insert(kept: Kept) -> None:
    """Store one signal unless that was done before; a key that was revoked meanwhile stores nothing."""
    received_at = _moment(kept.name)
    if not operations.sign_again(kept.name, received_at=received_at):
        return
    values = {**kept.values, "body": kept.body, "received_at": received_at}
    with connection.cursor() as cursor:
        cursor.execute(store.statement(values), values)
        rows = cursor.fetchall()
        found = store.found(rows)
        if found.is_accepted and (early := asked.of(kept.name)) is not None:
            cursor.execute(
                "update oncall_signal set asked_early = %s where id = %s", [json.dumps(early), rows[0][0]]
            )
    if not found.is_accepted:
        operations.correct_receipt(kept.name, outcome=ReceiptOutcome.REFUSED, detail=REVOKED)


def _moment(name: str) -> Any:
    """When the file of that name was written, None when its name does not say."""
    digits = name.partition("-")[0]
    return datetime.fromtimestamp(int(digits) / 1e9, UTC) if digits.isdigit() and len(digits) == 20 else None
