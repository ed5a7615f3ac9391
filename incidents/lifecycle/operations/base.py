"""What every write to an incident does: lock the row, change the columns meant, write the entry, tell the screens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from core import live
from core.clock import now
from core.errors import Refused
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry

if TYPE_CHECKING:
    from core.accounts.models import User


SLACK = timedelta(minutes=1)


class ChangedMeanwhile(Refused):
    """Somebody else changed the incident in between; nothing of theirs was overwritten."""


class InTheFuture(Refused):
    """What has not happened yet has no time."""


class Ended(Refused):
    """The incident is over; reopen it first."""


def past(at: datetime | None) -> datetime | None:
    """Give a time that somebody named; a clock that is a minute ahead is forgiven, more is refused."""
    if at is None:
        return None
    present = now()
    if at > present + SLACK:
        raise InTheFuture("That time has not come yet.")
    return min(at, present)


def locked(incident: Incident, *, version: int | None = None) -> Incident:
    """Give the incident as it stands, held for this transaction; refused when it moved on from `version`."""
    row = Incident.objects.select_for_update(of=("self",)).select_related("severity").get(pk=incident.pk)
    if version is not None and row.version != version:
        raise ChangedMeanwhile(
            "Somebody changed this incident while you were writing. Look again before you save."
        )
    return row


def active(incident: Incident) -> Incident:
    """Give the incident, held; refused when it is over."""
    row = locked(incident)
    if not row.is_active:
        raise Ended(f"{row} is {row.status}. Reopen it first.")
    return row


def write(incident: Incident, **columns: Any) -> None:
    """Change these columns and count the version up."""
    Incident.objects.filter(pk=incident.pk).update(**columns, version=F("version") + 1)
    for name, value in columns.items():
        setattr(incident, name, value)
    incident.version += 1
    tell(incident)


def enter(
    incident: Incident,
    kind: EntryKind,
    text: str,
    *,
    actor: User | None,
    at: datetime | None = None,
    data: dict[str, Any] | None = None,
) -> TimelineEntry:
    """Append to the timeline."""
    when = {} if at is None else {"at": at}
    return TimelineEntry.objects.create(
        incident=incident, kind=kind, text=text, actor=actor, data=data or {}, **when
    )


def tell(incident: Incident, *, part: str = "") -> None:
    """Move the screens that show this incident, once the transaction is through; or just that part of its room."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an incident is changed inside a transaction")
    live.changed("board", f"incident-{incident.pk}/{part}" if part else f"incident-{incident.pk}")
