from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from incidents.lifecycle.models import Incident
from statuspage.components.models import Component, StatusPage

if TYPE_CHECKING:
    from datetime import datetime


class NoticeStatus(models.TextChoices):
    INVESTIGATING = "investigating", "Investigating"
    IDENTIFIED = "identified", "Identified"
    MONITORING = "monitoring", "Monitoring"
    RESOLVED = "resolved", "Resolved"


class Impact(models.TextChoices):
    NONE = "none", "None"
    MINOR = "minor", "Minor"
    MAJOR = "major", "Major"
    CRITICAL = "critical", "Critical"


class Notice(models.Model):
    """What a public page says about an incident: only words that a person published, never the internal title."""

    page = models.ForeignKey(StatusPage, models.CASCADE, related_name="notices")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="notices")
    public_id = models.CharField(max_length=12, unique=True)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=14, choices=NoticeStatus.choices, default=NoticeStatus.INVESTIGATING)
    impact = models.CharField(max_length=8, choices=Impact.choices, default=Impact.NONE)
    components: models.ManyToManyField[Component, models.Model] = models.ManyToManyField(
        Component, related_name="notices", blank=True
    )
    started_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    monitoring_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    next_update_due_at = models.DateTimeField(null=True)
    restored_by = models.DateTimeField(
        null=True, help_text="By when it may work again, where customers read that."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "incident"], name="notice_incident_once"),
        ]
        indexes = [
            models.Index(fields=["page", "-created_at"], name="notice_recent"),
            models.Index(fields=["page"], condition=Q(resolved_at=None), name="notice_open"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def expected_by(self) -> datetime | None:
        """By when it may work again; None once that has passed, as nobody is told a time that is over."""
        return self.restored_by if self.restored_by and self.restored_by > timezone.now() else None


class NoticeUpdate(models.Model):
    """One published word to customers. `source_update_id` makes publishing the same update twice one row."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="updates")
    public_id = models.CharField(max_length=12, unique=True)
    source_update_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=14, choices=NoticeStatus.choices)
    body = models.TextField()
    affected = models.JSONField(default=list)
    at = models.DateTimeField(db_default=Now())
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = [F("at").desc(), F("id").desc()]
        constraints = [
            models.UniqueConstraint(fields=["notice", "source_update_id"], name="notice_update_once")
        ]

    def __str__(self) -> str:
        return self.body
