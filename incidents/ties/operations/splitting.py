"""What turned out to be two incidents: chosen alerts go to a new one, chosen entries of the timeline begin it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

from django.db import transaction

from core.accounts.policy import Verb, can
from core.errors import Refused
from incidents.attachments import operations as attachments
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base as rows
from incidents.ties import queries, registry
from incidents.ties.models import Tie
from incidents.ties.operations.base import DoesNotFit, NotBoth, make, one_by_one, reasoned
from incidents.ties.operations.relating import fits
from incidents.ties.rules import DEEPEST, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import TimelineEntry
    from incidents.severities.models import Severity

KEPT = ("decision", "tag", "links", "change")
"""What of an entry's data means the same in another room."""


class Begin(TypedDict, total=False):
    """What the new incident begins with; without a severity it has that of the one it comes from."""

    title: Required[str]
    severity: Severity
    services: Iterable[Service]
    key: UUID | None


class NothingToSplit(Refused):
    """What is not there cannot be taken along."""


@transaction.atomic
def split(
    incident: Incident,
    *,
    reason: str,
    actor: User,
    alerts: Collection[int] = (),
    entries: Collection[int] = (),
    as_part: bool = False,
    **begin: Unpack[Begin],
) -> Incident:
    """Declare a new incident out of an open one; `as_part` leaves it part of that, under whoever commands all of it.

    The timeline is append-only: entries are copied with their times and writers and stay where they were. What is
    private stays private, with whoever splits as its only member; a drill makes a drill. The same `key` again gives
    the same incident.
    """
    one_by_one()
    if not can(actor, Verb.RESPOND) or not Incident.objects.visible_to(actor).filter(pk=incident.pk).exists():
        raise NotBoth("Only who may act in an incident splits it.")
    incident = rows.active(incident)
    why = reasoned(reason)
    chosen = _entries(incident, entries, actor)
    new = lifecycle.declare(
        actor=actor,
        **{"severity": incident.severity, **begin},  # type: ignore[arg-type]
        private=incident.private,
        drill=incident.drill,
        trigger=incident.trigger,
    )
    if Tie.objects.filter(incident=new, other=incident).exists():
        return new
    if as_part:
        _fits(new, incident)
    moved = registry.move(alerts, source=incident, target=new, actor=actor)
    if set(moved) != set(alerts):
        raise NothingToSplit("Some of these alerts are not part of this incident any more. Look again.")
    for entry in chosen:
        _copy(entry, new)
    make(new, incident, kind=Kind.PART if as_part else Kind.SPLIT, reason=why, actor=actor, alerts=moved)
    return new


def _fits(new: Incident, whole: Incident) -> None:
    try:
        fits(new, whole)
    except DoesNotFit:
        raise DoesNotFit(
            f"Incidents hang together at most {DEEPEST} deep. Split it off on its own."
        ) from None


def _entries(incident: Incident, ids: Collection[int], actor: User) -> list[TimelineEntry]:
    wanted = set(ids)
    found = [row for row in queries.copyable(actor, incident) if row.pk in wanted]
    if len(found) != len(wanted):
        raise NothingToSplit("Some of these entries cannot be taken along.")
    return sorted(found, key=lambda row: (row.at, row.pk))


def _copy(entry: TimelineEntry, new: Incident) -> None:
    data: dict[str, Any] = {name: entry.data[name] for name in KEPT if name in entry.data}
    kind, text = EntryKind(entry.kind), entry.text
    if kind is EntryKind.HYPOTHESIS:  # the working one of another incident is none here
        kind, text = EntryKind.NOTE, text if text.startswith("Working hypothesis") else f"Hypothesis: {text}"
    files = attachments.copy(entry.data.get("attachments", ()), source=entry.incident, target=new)
    rows.enter(new, kind, text, actor=entry.actor, at=entry.at, data={**data, **files, "copied": True})
