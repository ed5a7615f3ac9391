"""What became of signals that were taken while Postgres was away: one row for each file, whatever happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from core.events import bus
from oncall.alerts.models import IngestError, ReceiptOutcome, SpoolReceipt
from oncall.events import SignalDamaged

if TYPE_CHECKING:
    from datetime import datetime

DAMAGED = "A signal that was taken while Postgres was away cannot be read; its file is kept in quarantine."


def sign_receipt(name: str, *, received_at: datetime | None) -> bool:
    """Note in the caller's transaction that a file was taken in; False when that was done before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into oncall_spoolreceipt (name, outcome, detail, received_at) values (%s, 'stored', '', %s)"
            " on conflict (name) do nothing",
            [name[:200], received_at],
        )
        return bool(cursor.rowcount)


def sign_again(name: str, *, received_at: datetime | None) -> bool:
    """Note the same of a file that may have been mended and moved back out of quarantine since it was damaged."""
    if sign_receipt(name, received_at=received_at):
        return True
    damaged = SpoolReceipt.objects.filter(name=name[:200], outcome=ReceiptOutcome.DAMAGED)
    return bool(damaged.update(outcome=ReceiptOutcome.STORED, detail="", drained_at=Now()))


def correct_receipt(name: str, *, outcome: ReceiptOutcome, detail: str) -> None:
    """Note in the caller's transaction that nothing was made of a file, and why, for people to see."""
    SpoolReceipt.objects.filter(name=name[:200]).update(outcome=outcome, detail=detail[:500])
    _note(outcome, detail if outcome == ReceiptOutcome.REFUSED else DAMAGED)


def _note(kind: str, detail: str) -> None:
    error, is_new = IngestError.objects.get_or_create(integration=None, kind=kind, detail=detail)
    if not is_new:
        IngestError.objects.filter(pk=error.pk).update(count=F("count") + 1, last_at=Now())


def note_damaged(name: str, *, why: str, received_at: datetime | None) -> None:
    """Raise the alarm about a file that cannot be read, once however often it is found."""
    with transaction.atomic():
        if sign_receipt(name, received_at=received_at):
            correct_receipt(name, outcome=ReceiptOutcome.DAMAGED, detail=why)
            receipt = SpoolReceipt.objects.get(name=name[:200])
            bus.emit(SignalDamaged(receipt.pk, receipt.name, receipt.detail))
