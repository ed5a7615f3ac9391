from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from oncall.schedules.models import Schedule


class ZoneClock(models.Model):
    """When the clock of a zone that schedules use is moved, by the zone data that Watchbill ran with last."""

    zone = models.CharField(max_length=60, primary_key=True)
    tzdata = models.CharField(max_length=40, help_text="Which zone data says so.")
    until = models.DateTimeField(help_text="So far ahead it was looked.")
    moves = models.JSONField(default=list, help_text="[[from, seconds ahead of UTC], ...]")
    seen_at = models.DateTimeField(help_text="When a process with this zone data looked last.")

    def __str__(self) -> str:
        return f"{self.zone} by {self.tzdata}"


class ClockChange(models.Model):
    """New zone data moved hand-offs of a schedule."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="clock_changes")
    zone = models.CharField(max_length=60)
    tzdata_before = models.CharField(max_length=40)
    tzdata = models.CharField(max_length=40)
    stretches = models.JSONField(default=list, help_text="[[from, to or null, seconds later], ...]")
    text = models.TextField()
    noticed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["schedule", "noticed_at"], name="clock_change_schedule")]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.zone} by {self.tzdata}"
