from __future__ import annotations

from django.db import models

from oncall.schedules.models import Schedule


class KnownDuty(models.Model):
    """Who was to have a schedule when, as far as its people were told: what differs from it is told to them."""

    schedule = models.OneToOneField(Schedule, models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField(help_text="So far ahead it is known.")
    stretches = models.JSONField(default=list, help_text="[[from, to, [who, ...]], ...]")

    def __str__(self) -> str:
        return f"{self.schedule} until {self.until:%Y-%m-%d}"
