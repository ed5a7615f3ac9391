"""What takes the pain away: thought out for a service, tried in an incident, undone or kept on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from core import live
from core.clock import now
from core.errors import Refused
from core.events import bus
from core.ui import times
from incidents.events import MitigationChanged
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.mitigations.models import AppliedMitigation, Kind, Mitigation, Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident


class NoName(Refused):
    """What is tried has a name."""


class Known(Refused):
    """Two of one name would be taken for each other."""


class NotThen(Refused):
    """The times of a mitigation do not fit."""


class NotTemporary(Refused):
    """Only what is temporary is undone or kept."""


class NoWhy(Refused):
    """What stays on purpose has a reason."""


@transaction.atomic
def add(service: Service, *, kind: str, name: str, **details: Any) -> Mitigation:
    """Add something to what can be tried on a service."""
    return _save(Mitigation(service=service, kind=kind, name=name.strip(), **details))


@transaction.atomic
def change(mitigation: Mitigation, *, changes: Mapping[str, Any]) -> Mitigation:
    """Change what can be tried; what was tried before keeps its words."""
    for name, value in changes.items():
        setattr(mitigation, name, value)
    return _save(mitigation)


@transaction.atomic
def remove(mitigation: Mitigation) -> None:
    """Offer it no more; where it was tried it still stands."""
    Mitigation.objects.filter(pk=mitigation.pk).delete()
    live.changed("board")


def _save(mitigation: Mitigation) -> Mitigation:
    if not mitigation.name:
        raise NoName("Say what is done.")
    try:
        with transaction.atomic():
            mitigation.save()
    except IntegrityError as error:
        raise Known(f"{mitigation.service} has a mitigation “{mitigation.name}” already.") from error
    live.changed("board")
    return mitigation


@transaction.atomic
def begin(
    incident: Incident,
    *,
    actor: User,
    mitigation: Mitigation | None = None,
    kind: str = Kind.OTHER,
    name: str = "",
    is_temporary: bool = False,
    at: datetime | None = None,
) -> AppliedMitigation:
    """Note that somebody tries a mitigation: one that was thought out, or one in words. What runs already goes on."""
    incident = base.active(incident)
    if mitigation is not None:
        kind, name, is_temporary = mitigation.kind, mitigation.name, mitigation.is_temporary
    if not name.strip():
        raise NoName("Say what is done.")
    found = {"incident": incident, "name": name.strip(), "ended_at": None}
    running = AppliedMitigation.objects.filter(**found).first()
    if running is not None:
        return running
    row = AppliedMitigation.objects.create(
        **found,
        mitigation=mitigation,
        kind=kind,
        is_temporary=is_temporary,
        started_at=base.past(at) or now(),
        started_by=actor,
    )
    where = f" on {mitigation.service}" if mitigation is not None else ""
    _tell(row, f"Mitigation begun: {row}{where}", "begun", actor, at=at)
    return row


@transaction.atomic
def end(
    applied: AppliedMitigation, *, result: str, actor: User, note: str = "", at: datetime | None = None
) -> AppliedMitigation:
    """Say what came of a mitigation. A second time changes nothing."""
    row = _held(applied)
    if row.ended_at is not None:
        return row
    ended = base.past(at) or now()
    if ended < row.started_at:
        raise NotThen("It cannot be over before it began.")
    row.ended_at, row.result, row.note = ended, Result(result), note.strip()
    row.save(update_fields=["ended_at", "result", "note"])
    words = f"{row}: {row.get_result_display().lower()}, after {times.words(row.seconds or 0)}"
    _tell(row, f"{words}. {row.note}" if row.note else words, "ended", actor, at=at)
    return row


@transaction.atomic
def undo(applied: AppliedMitigation, *, actor: User) -> AppliedMitigation:
    """Say that a temporary mitigation is undone. A second time changes nothing."""
    row = _temporary(applied)
    if row.undone_at is not None:
        return row
    at = now()
    row.undone_at, row.undone_by = at, actor
    row.ended_at = row.ended_at or at
    row.save(update_fields=["undone_at", "undone_by", "ended_at"])
    _tell(row, f"Undone: {row}", "undone", actor)
    return row


@transaction.atomic
def keep(applied: AppliedMitigation, *, why: str, owner: User, actor: User) -> AppliedMitigation:
    """Keep a temporary mitigation on purpose beyond the incident: why, and who answers for it."""
    row = _temporary(applied)
    if not why.strip():
        raise NoWhy("Say why it stays, for whoever finds it later.")
    if row.undone_at is not None:
        raise NotTemporary(f"“{row}” is undone already.")
    row.kept_at, row.kept_because, row.kept_owner = now(), why.strip(), owner
    row.save(update_fields=["kept_at", "kept_because", "kept_owner"])
    _tell(row, f"Kept on purpose: {row}. {row.kept_because} {owner} answers for it.", "kept", actor)
    return row


def _held(applied: AppliedMitigation) -> AppliedMitigation:
    incident = base.locked(applied.incident)
    row = AppliedMitigation.objects.get(pk=applied.pk)
    row.incident = incident
    return row


def _temporary(applied: AppliedMitigation) -> AppliedMitigation:
    row = _held(applied)
    if not row.is_temporary:
        raise NotTemporary(f"“{row}” is not temporary: there is nothing to undo.")
    return row


def _tell(row: AppliedMitigation, words: str, what: str, actor: User, *, at: datetime | None = None) -> None:
    data = {"mitigation": row.pk, "what": what}
    base.enter(row.incident, EntryKind.ACTION, words, actor=actor, at=base.past(at), data=data)
    bus.emit(MitigationChanged(incident_id=row.incident_id, mitigation_id=row.pk, what=what), actor=actor)
    base.tell(row.incident)
