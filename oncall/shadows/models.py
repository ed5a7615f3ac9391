from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from oncall.schedules.models import Schedule


class Shadow(models.Model):
    """A trainee is paged along with whoever is on call in a schedule, or with one person of it, for some time."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="shadows")
    trainee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    follows = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Only while this person is on call; nobody: whoever is.",
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="When it was ended early, if it was.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="shadow_span"),
            models.CheckConstraint(
                condition=Q(follows=None) | ~Q(follows=F("trainee")), name="shadow_of_another"
            ),
        ]
        indexes = [models.Index(fields=["schedule", "end"], name="shadow_schedule")]

    def __str__(self) -> str:
        return f"{self.trainee} shadows {self.follows or 'whoever is on call'}"
