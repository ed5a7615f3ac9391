from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from oncall.schedules.models import Schedule


class AheadWarning(models.Model):
    """Something of which the owners of a schedule were mailed, so many days before, so that it is mailed once."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="+")
    key = models.CharField(max_length=120, help_text="What it was, and since when.")
    days = models.PositiveSmallIntegerField(help_text="So many days before: 14, 3 or 1.")
    warned_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "key", "days"], name="ahead_warning_once")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.key}"
