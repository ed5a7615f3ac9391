"""By when it may work again is said, said anew and taken back; every time stays on the timeline (R107, R108)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.ui import times
from incidents.estimates.models import Estimate
from incidents.events import EstimateChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

FURTHEST = timedelta(days=90)


class NotAhead(Refused):
    """An estimate lies ahead, and not further than people can know."""


class NotForCustomers(Refused):
    """Customers read nothing of a private incident or a drill."""


class WorksAgain(Refused):
    """Nobody waits for it any more."""


@transaction.atomic
def estimate(
    incident: Incident,
    *,
    restored_at: datetime | None,
    public: bool = False,
    why: str = "",
    actor: User,
    version: int | None = None,
) -> Estimate | None:
    """Say by when it may work again; None takes it back. `public` shows it to customers. The same again changes nothing.

    The same time on other grounds is said anew; without grounds, those that were given hold.
    """
    base.active(incident)
    incident = base.locked(incident, version=version)
    _check(incident, restored_at, public=public)
    before = Estimate.objects.filter(incident=incident).order_by("-pk").first()
    known = (before.restored_at, before.public) if before else (None, False)
    has_grounds = before is not None and why.strip() not in {"", before.why}
    if known == (restored_at, public and restored_at is not None) and not has_grounds:
        return before
    row = Estimate.objects.create(
        incident=incident,
        restored_at=restored_at,
        public=public and restored_at is not None,
        why=why.strip(),
        by=actor,
    )
    base.enter(
        incident,
        EntryKind.PICTURE,
        _words(row, before),
        actor=actor,
        data={
            "field": "restored_by",
            "estimate": row.pk,
            "old": before.restored_at.isoformat() if before and before.restored_at else None,
            "new": restored_at.isoformat() if restored_at else None,
            "public": row.public,
        },
    )
    base.write(incident)
    bus.emit(EstimateChanged(incident_id=incident.pk, estimate_id=row.pk, public=row.public), actor=actor)
    return row


def _check(incident: Incident, restored_at: datetime | None, *, public: bool) -> None:
    if restored_at is None:
        return
    if incident.impact_until is not None:
        raise WorksAgain("Customers feel nothing of it any more: there is nothing left to estimate.")
    if not now() < restored_at <= now() + FURTHEST:
        raise NotAhead("Name a time that is still to come, within 90 days.")
    if public and (incident.private or incident.drill):
        raise NotForCustomers(
            f"This {'incident is private' if incident.private else 'is a drill'}: customers are not told."
        )


def _words(row: Estimate, before: Estimate | None) -> str:
    why = f". {row.why}" if row.why else ""
    if row.restored_at is None:
        return f"By when it works again is not known any more{why}"
    again = "now " if before and before.restored_at not in {None, row.restored_at} else ""
    told = ", customers read it too" if row.public else ""
    return f"Expected to work again {again}by {times.full(row.restored_at)}{told}{why}"
