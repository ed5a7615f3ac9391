from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Func, IntegerField, Q, Sum, Value
from django.shortcuts import get_object_or_404

from core.accounts.policy import Verb, can
from incidents.attachments.models import Attachment, AttachmentQuerySet, StoredFile
from incidents.attachments.rules import TOTAL_FILES, Kind
from incidents.lifecycle.rules import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident

    Person = User | AnonymousUser


def of(user: Person, incident: Incident) -> AttachmentQuerySet:
    """Give the files of an incident and the tombstones of removed ones, the latest first, without their bytes."""
    found = Attachment.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "by", "removed_by").order_by("-at", "-pk")


def one(user: Person, incident: Incident, pk: int) -> Attachment:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is sent of a file."""

    content: bytes
    media_type: str
    name: str


def read(user: Person, incident: Incident, pk: int, *, small: bool = False) -> Bytes:
    """Give a file, or the small picture of one; 404 where there is none, or none any more."""
    rows = Attachment.objects.visible_to(user).filter(incident=incident).kept()
    if small:
        rows = rows.filter(file__preview__isnull=False)
    column = "file__preview" if small else "file__content"
    row = get_object_or_404(rows.values("name", "media_type", column), pk=pk)
    media_type = "image/webp" if small else row["media_type"]
    return Bytes(bytes(row[column]), media_type, f"{row['name']}.webp" if small else row["name"])


def named(incident: Incident, ids: Collection[int]) -> Mapping[int, Attachment]:
    """Give those of an incident that entries of its timeline name, by their ids."""
    if not ids:
        return {}
    return {row.pk: row for row in Attachment.objects.filter(incident=incident, pk__in=ids)}


@dataclass(frozen=True, slots=True)
class Room:
    """How much more an incident holds: so many files, so many bytes, and none of them larger than `most`."""

    files: int
    bytes: int
    most: int


def room(incident: Incident) -> Room:
    """Give how much more an incident holds."""
    most = settings.ATTACHMENT_MAX_MB * 1_000_000
    kept = Attachment.objects.filter(incident=incident).kept()
    held = kept.aggregate(size=Sum("size"))["size"] or 0
    return Room(settings.ATTACHMENTS_PER_INCIDENT - kept.count(), most * TOTAL_FILES - held, most)


def may_add(user: User, incident: Incident) -> bool:
    """Say whether a person may attach something."""
    return can(user, Verb.RESPOND) and incident.status != Status.CLOSED


def may_remove(user: User, incident: Incident) -> bool:
    """Say whether a person may remove what others attached: whoever commands, a manager, an admin."""
    if can(user, Verb.CONFIGURE):
        return True
    return incident.roles.filter(user=user, ended_at=None, role__is_commander=True).exists()


def sharing(row: Attachment) -> AttachmentQuerySet:
    """Give an attachment and its copies in other incidents, which have the same bytes."""
    return Attachment.objects.filter(Q(pk=row.pk) | Q(file__isnull=False, file=row.file_id))


def texts(
    incident: Incident, spellings: Iterable[str]
) -> Iterable[tuple[QuerySet[Attachment] | QuerySet[StoredFile], tuple[str, ...]]]:
    """Give where texts of an incident stand in its files: their names, and what is text and has one of them in it.

    Postgres looks for the bytes, so that no file is read which does not have them.
    """
    rows = Attachment.objects.filter(incident=incident)
    yield rows, ("name", "why")
    having = Q()
    held = StoredFile.objects.filter(pk__in=rows.filter(kind=Kind.TEXT, file__isnull=False).values("file"))
    for place, one in enumerate(spellings):
        found = Func(
            Value(one.encode()),
            F("content"),
            function="position",
            arg_joiner=" in ",
            output_field=IntegerField(),
        )
        held = held.alias(**{f"found_{place}": found})
        having |= Q(**{f"found_{place}__gt": 0})
    yield held.filter(having).defer("preview"), ("content",)
