"""What customers report by themselves is counted against the incident: it says how bad it is, and when it began (R092)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.customer_reports.models import CustomerReport
from incidents.events import CustomersReported
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

MOST = 1_000_000


class NothingReported(Refused):
    """A report says what customers said, and of how many it is."""


class NotedElsewhere(Refused):
    """A key stands for one report of one incident."""


@transaction.atomic
def note(
    incident: Incident,
    *,
    text: str,
    actor: User,
    count: int = 1,
    at: datetime | None = None,
    key: UUID | None = None,
) -> CustomerReport:
    """Write down what customers report; `at` may lie in the past. The same `key` again is the same report."""
    incident = base.locked(incident)
    known = CustomerReport.objects.filter(key=key).first() if key else None
    if known is not None and known.incident_id == incident.pk:
        return known
    if known is not None:
        raise NotedElsewhere("This report was noted for another incident. Begin a new one.")
    if incident.status == Status.CLOSED:
        raise base.Ended(f"{incident} is closed. Reopen it first.")
    if not text.strip():
        raise NothingReported("Say what customers report, in their words.")
    if not 1 <= count <= MOST:
        raise NothingReported(f"Count at least one customer, and at most {MOST:,}.")
    when = base.past(at)
    row = CustomerReport.objects.create(
        incident=incident, count=count, text=text.strip(), at=when or now(), by=actor, key=key
    )
    _tell(row, f"Reported by {_many(count)}: {row.text}", "noted", actor, at=when)
    return row


@transaction.atomic
def take_back(report: CustomerReport, *, actor: User) -> CustomerReport:
    """Count a report no more: it was about something else, or written twice. A second time changes nothing."""
    base.locked(report.incident)
    row = CustomerReport.objects.select_related("incident").get(pk=report.pk)
    if row.taken_back_at is None:
        row.taken_back_at = now()
        row.save(update_fields=["taken_back_at"])
        _tell(row, f"Not counted any more, reported by {_many(row.count)}: {row.text}", "taken_back", actor)
    return row


def _many(count: int) -> str:
    return "a customer" if count == 1 else f"{count:,} customers"


def _tell(row: CustomerReport, text: str, what: str, actor: User, *, at: datetime | None = None) -> None:
    data = {"customer_report": row.pk, "count": row.count, "what": what}
    base.enter(row.incident, EntryKind.NOTE, text, actor=actor, at=at, data=data)
    bus.emit(CustomersReported(row.incident_id, row.pk, what, row.count), actor=actor)
    base.tell(row.incident)
