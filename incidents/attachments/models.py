from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.attachments.rules import LONGEST_NAME, Kind, size
from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class StoredFile(models.Model):
    """The bytes of a file and a small picture of it, apart from what lists read; copies of an attachment share them."""

    content = models.BinaryField()
    preview = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"file {self.pk}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User | AnonymousUser) -> AttachmentQuerySet:
        """The files of the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def kept(self) -> AttachmentQuerySet:
        return self.filter(removed_at=None)


class Attachment(models.Model):
    """A file of an incident. One that was removed stays as its own tombstone: who, when and why, without the file."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="attachments")
    name = models.CharField(max_length=LONGEST_NAME)
    kind = models.CharField(max_length=7, choices=[(kind.value, kind.value.capitalize()) for kind in Kind])
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="In bytes, as it was kept first.")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    why = models.CharField(max_length=300, blank=True, help_text="Why it was removed.")
    key = models.UUIDField(null=True)
    place = models.PositiveSmallIntegerField(
        default=0, help_text="Which one of those sent with the same key."
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["incident", "-at"], name="attachment_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "place"], condition=Q(key__isnull=False), name="attachment_once"
            ),
            models.CheckConstraint(
                condition=Q(file__isnull=False, removed_at=None)
                | Q(file=None, removed_at__isnull=False, removed_by__isnull=False),
                name="attachment_removed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return self.kind == Kind.PICTURE

    @property
    def size_in_words(self) -> str:
        return size(self.size)
