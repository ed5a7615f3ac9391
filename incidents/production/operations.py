"""What responders change in production is said before the others wonder: what, where, and what came of it (R055)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.events import ProductionChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.operations.people import admit
from incidents.lifecycle.rules import Status
from incidents.production.models import ProductionChange

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


class NothingChanged(Refused):
    """A change says what was changed."""


class NoResult(Refused):
    """A result has words."""


@transaction.atomic
def note(
    incident: Incident,
    *,
    what: str,
    actor: User,
    place: str = "",
    result: str = "",
    at: datetime | None = None,
    key: UUID | None = None,
) -> ProductionChange:
    """Write down what somebody changed in production; `at` may lie in the past. The same `key` again is the same."""
    incident = _going(incident)
    known = ProductionChange.objects.filter(incident=incident, key=key).first() if key else None
    if known is not None:
        return known
    if not what.strip():
        raise NothingChanged("Say what was changed.")
    row = ProductionChange.objects.create(
        incident=incident,
        what=what.strip(),
        place=place.strip(),
        result=result.strip(),
        made_by=actor,
        at=base.past(at) or now(),
        key=key,
    )
    admit(incident, actor)
    where = f" ({row.place})" if row.place else ""
    came = f". {row.result}" if row.result else ""
    _tell(row, f"Changed in production: {row.what}{where}{came}", "made", actor, at=base.past(at))
    return row


@transaction.atomic
def tell_result(
    row: ProductionChange, *, result: str, actor: User, version: int | None = None
) -> ProductionChange:
    """Write down what came of a change; the same words again change nothing."""
    row = _held(row, version=version)
    if not result.strip():
        raise NoResult("Say what came of it.")
    if row.result != result.strip():
        _write(row, result=result.strip())
        _tell(row, f"Result of “{row.what}”: {row.result}", "resulted", actor)
    return row


@transaction.atomic
def undo(row: ProductionChange, *, actor: User, result: str = "") -> ProductionChange:
    """Note that a change was taken back; twice is once."""
    row = _held(row)
    if row.undone_at is None:
        came = result.strip()
        _write(row, undone_at=now(), undone_by=actor, **({"result": came} if came else {}))
        _tell(row, f"Undone in production: {row.what}{f'. {came}' if came else ''}", "undone", actor)
    return row


def _going(incident: Incident) -> Incident:
    row = base.locked(incident)
    if row.status == Status.CLOSED:
        raise base.Ended(f"{row} is closed. Reopen it first.")
    return row


def _held(row: ProductionChange, *, version: int | None = None) -> ProductionChange:
    incident = _going(row.incident)
    found = ProductionChange.objects.select_related("made_by").get(pk=row.pk)
    found.incident = incident
    if version is not None and found.version != version:
        raise base.ChangedMeanwhile(
            "Somebody wrote down another result meanwhile. Look again before you save."
        )
    return found


def _write(row: ProductionChange, **columns: object) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.save(update_fields=[*columns, "version"])


def _tell(row: ProductionChange, text: str, what: str, actor: User, *, at: datetime | None = None) -> None:
    data = {"production_change": row.pk, "what": what}
    base.enter(row.incident, EntryKind.ACTION, text, actor=actor, at=at, data=data)
    bus.emit(ProductionChanged(row.incident_id, row.pk, what), actor=actor)
    base.tell(row.incident)
