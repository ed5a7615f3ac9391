from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User


class EstimateQuerySet(models.QuerySet["Estimate"]):
    def visible_to(self, user: User | AnonymousUser) -> EstimateQuerySet:
        """What was estimated in the incidents that a person may know of."""
        return self.filter(incident__in=Incident.objects.visible_to(user))


class Estimate(models.Model):
    """By when it may work again, as somebody said at a moment; the latest counts, the others are kept (R108)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="estimates")
    restored_at = models.DateTimeField(null=True, help_text="Empty: it was taken back.")
    public = models.BooleanField(default=False, help_text="Customers read it on the status page.")
    why = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    objects = EstimateQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["incident", "-id"], name="estimate_latest")]

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.restored_at or 'taken back'}"
