from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import live
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.changes.models import Change, ChangeKind
from incidents.events import ChangeRecorded

if TYPE_CHECKING:
    from datetime import datetime

    from core.accounts.models import User
    from incidents.catalog.models import Service


LONGEST = {"previous": 80, "version": 80, "by": 80, "url": 500, "source": 80, "external_id": 120}


class Told(TypedDict, total=False):
    """What may be said of a change besides: from and to which version, by whom, and what its source calls it."""

    previous: str
    version: str
    by: str
    url: str
    source: str
    external_id: str


class NotAKind(Refused):
    """A change is a deploy, or one of configuration, a feature flag or infrastructure."""


class NotYet(Refused):
    """What has not happened yet is no change."""


@transaction.atomic
def record_change(
    *,
    service: Service,
    kind: str,
    summary: str,
    at: datetime | None = None,
    actor: User | None = None,
    **told: Unpack[Told],
) -> Change:
    """Record that something was changed in production; without `at` it was now. Long texts are cut.

    The same `external_id` of the same source and service again gives the change that was told first.
    """
    if kind not in ChangeKind.values:
        raise NotAKind(f"A change is one of {', '.join(ChangeKind.values)}.")
    given = {name: str(told.get(name, "")).strip()[:most] for name, most in LONGEST.items()}
    same = {"service": service, "source": given.pop("source"), "external_id": given.pop("external_id")}
    known = Change.objects.filter(**same).first() if same["external_id"] else None
    if known is not None:
        return known
    try:
        with transaction.atomic():
            change = Change.objects.create(
                **same, **given, kind=kind, summary=summary.strip()[:1024], at=at or Now()
            )
    except IntegrityError:
        # Two told it at once: the other one was first.
        return Change.objects.get(**same)
    bus.emit(ChangeRecorded(change_id=change.pk, service_id=service.pk), actor=actor)
    live.changed("services")
    return change


def report_change(*, at: datetime | None, **told: Any) -> Change:
    """Record what a person reports; it cannot lie ahead."""
    if at is not None and at > now():
        raise NotYet("That time has not come yet. Report it once it is made.")
    return record_change(at=at, **told)
