from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class Way(models.TextChoices):
    SCREEN = "screen", "On a screen"
    API = "api", "By the API"
    EXPORT = "export", "As an export"


class PrivateReadQuerySet(models.QuerySet["PrivateRead"]):
    def visible_to(self, user: User | AnonymousUser) -> PrivateReadQuerySet:
        """Who has read what a person may read as well."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class PrivateRead(models.Model):
    """That somebody looked at a private incident, once in each short while (`begun_at`), by which way."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    way = models.CharField(max_length=6, choices=Way.choices)
    begun_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())
    by_emergency = models.BooleanField(default=False)

    objects = PrivateReadQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "user", "way", "begun_at"], name="private_read_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.incident_id} at {self.at}"


class RedactionQuerySet(models.QuerySet["Redaction"]):
    def visible_to(self, user: User | AnonymousUser) -> RedactionQuerySet:
        """What was redacted in the incidents a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Redaction(models.Model):
    """The tombstone of a text that was taken out of an incident for good: who, when, why, and out of how much."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="redactions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField()
    at = models.DateTimeField(db_default=Now())
    places = models.JSONField(default=dict, help_text="How many rows of each kind held it.")

    objects = RedactionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.incident_id} by {self.by_id} at {self.at}"
