from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class ProductionChangeQuerySet(models.QuerySet["ProductionChange"]):
    def visible_to(self, user: User | AnonymousUser) -> ProductionChangeQuerySet:
        """What was changed in the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class ProductionChange(models.Model):
    """What a responder changed in production while an incident lasted, and what came of it (R055)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="production_changes")
    what = models.CharField(max_length=500)
    place = models.CharField(max_length=200, blank=True, help_text="Where: a system, a host, a flag.")
    result = models.TextField(blank=True, help_text="What came of it.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    key = models.UUIDField(null=True, unique=True)
    version = models.PositiveIntegerField(default=1)

    objects = ProductionChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["incident", "-at"], name="production_change_order")]
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="production_change_undone_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return self.what
