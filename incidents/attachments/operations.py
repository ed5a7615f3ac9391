"""Files are kept with an incident, stand on its timeline, and can be removed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.attachments import queries
from incidents.attachments.models import Attachment, StoredFile
from incidents.attachments.rules import AT_ONCE, sentence, size
from incidents.events import FileAttached, FileRemoved
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.lifecycle.rules import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from core.accounts.models import User
    from incidents.attachments.parsers import File
    from incidents.lifecycle.models import Incident

SHORTEST_WHY = 4


class CannotAttach(Refused):
    """An incident holds so many files of such a size, and none once it is closed."""


class CannotRemove(Refused):
    """It is removed by whoever attached it, commands, or is a manager or admin, and says why."""


@transaction.atomic
def attach(
    incident: Incident, *, files: Sequence[File], actor: User, text: str = "", key: UUID | None = None
) -> list[Attachment]:
    """Keep files with an incident and put them onto its timeline. The same `key` again gives what was kept with it."""
    incident = base.locked(incident)
    known = _known(incident, key)
    if known:
        return known
    rows = keep(incident, files=files, actor=actor, key=key)
    words = text.strip() or sentence([row.name for row in rows])
    base.enter(incident, EntryKind.NOTE, words, actor=actor, data=entered(rows))
    base.tell(incident)
    return rows


def _known(incident: Incident, key: UUID | None) -> list[Attachment]:
    known = list(Attachment.objects.filter(key=key).order_by("place")) if key else []
    if known and known[0].incident_id != incident.pk:
        raise CannotAttach("These files were sent to another incident. Choose them again.")
    return known


@transaction.atomic
def keep(
    incident: Incident, *, files: Sequence[File], actor: User, key: UUID | None = None
) -> list[Attachment]:
    """Keep files with an incident; the caller puts them onto its timeline with `entered`."""
    incident = base.locked(incident)
    if incident.status == Status.CLOSED:
        raise base.Ended(f"{incident} is closed. Reopen it first.")
    if not files:
        raise CannotAttach("Choose a file.")
    if len(files) > AT_ONCE:
        raise CannotAttach(f"Attach at most {AT_ONCE} files at once.")
    left = queries.room(incident)
    if len(files) > left.files:
        raise CannotAttach(_full(left.files, "file"))
    if sum(len(file.content) for file in files) > left.bytes:
        raise CannotAttach(f"{incident} holds {size(max(0, left.bytes))} more. Remove something first.")
    rows = []
    for place, file in enumerate(files):
        stored = StoredFile.objects.create(content=file.content, preview=file.preview)
        row = Attachment.objects.create(
            incident=incident,
            file=stored,
            name=file.name,
            kind=file.kind,
            media_type=file.media_type,
            size=len(file.content),
            width=file.width,
            height=file.height,
            by=actor,
            key=key,
            place=place,
        )
        bus.emit(FileAttached(incident.pk, row.pk, row.kind, row.size), actor=actor)
        rows.append(row)
    return rows


def _full(left: int, what: str) -> str:
    if left <= 0:
        return f"This incident holds no more {what}s. Remove one first."
    return f"This incident holds {left} more {what}{'' if left == 1 else 's'}."


def entered(rows: Iterable[Attachment]) -> dict[str, list[int]]:
    """Give what an entry of the timeline keeps of the files it shows."""
    return {"attachments": [row.pk for row in rows]}


def copy(ids: Sequence[int], *, source: Incident, target: Incident) -> Mapping[str, list[int]]:
    """Let an entry that goes along into another incident show its files there too; they share their bytes."""
    found = queries.named(source, ids)
    rows = [found[pk] for pk in ids if pk in found and found[pk].file_id is not None]
    for row in rows:
        row.pk, row.key, row.incident = None, None, target
        row.save(force_insert=True)
    return entered(rows) if rows else {}


@transaction.atomic
def remove(row: Attachment, *, why: str, actor: User) -> Attachment:
    """Remove a file for good, from here and wherever a split took it along. Who, when and why stay.

    A second time changes nothing.
    """
    base.locked(row.incident)
    fresh = Attachment.objects.select_for_update(of=("self",)).select_related("incident").get(pk=row.pk)
    if fresh.removed_at is not None:
        return fresh
    if fresh.by_id != actor.pk and not queries.may_remove(actor, fresh.incident):
        raise CannotRemove("Whoever attached it, commands, or is a manager or an admin removes it.")
    reason = " ".join(why.split())[:300]
    if len(reason) < SHORTEST_WHY:
        raise CannotRemove("Say in a few words why: it stands where the file was.")
    at, stored = now(), fresh.file
    for one in queries.sharing(fresh).select_related("incident").order_by("pk"):
        one.file, one.removed_at, one.removed_by, one.why = None, at, actor, reason
        one.save(update_fields=["file", "removed_at", "removed_by", "why"])
        base.enter(
            one.incident,
            EntryKind.REDACTION,
            f"{actor} removed the file {one.name} for good: {reason}",
            actor=actor,
            data={"attachment": one.pk, "removed": True},
        )
        bus.emit(FileRemoved(one.incident_id, one.pk), actor=actor)
        base.tell(one.incident)
    if stored is not None:
        stored.delete()
    fresh.refresh_from_db()
    return fresh
