from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.catalog.models import Service
from incidents.lifecycle.models import Incident, known_to

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class ObservationQuerySet(models.QuerySet["Observation"]):
    def visible_to(self, user: User | AnonymousUser) -> ObservationQuerySet:
        """What a person may know of; what became a private incident only when they are a member of it."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(Q(incident=None) | Q(incident__private=False) | known_to(user, "incident"))

    def open(self, at: datetime) -> ObservationQuerySet:
        """Those that nobody settled and whose time is not over."""
        return self.filter(ended_at=None, expires_at__gt=at)


class Observation(models.Model):
    """Something odd that is no incident, or not yet: noted in a sentence, forgotten by itself (R025)."""

    text = models.CharField(max_length=500)
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="observations", db_index=False
    )
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    noted_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1, help_text="How often it was seen.")
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="observations")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    why = models.CharField(max_length=300, blank=True, help_text="Why it was settled without an incident.")
    key = models.UUIDField(null=True, unique=True)

    objects = ObservationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-noted_at", "-id"], name="observation_latest")]

    def __str__(self) -> str:
        return self.text
