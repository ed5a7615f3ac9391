from __future__ import annotations

from django.db import models
from django.db.models import Q
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


class ScheduleLimits(models.Model):
    """What is too small, too long or too short for a schedule, where it is not what holds for all."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, primary_key=True, related_name="limits")
    people = models.PositiveSmallIntegerField(help_text="So many people share it at least.")
    days = models.PositiveSmallIntegerField(help_text="So many days somebody has it at most without a break.")
    rest_hours = models.PositiveSmallIntegerField(help_text="So many hours lie between two shifts.")

    class Meta:
        verbose_name_plural = "schedule limits"
        constraints = [
            models.CheckConstraint(
                condition=Q(people__gte=1, people__lte=50, days__gte=1, days__lte=60, rest_hours__lte=24),
                name="schedule_limits_range",
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.people}, {self.days}, {self.rest_hours}"
