from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from oncall.quiet import rules


class QuietHours(models.Model):
    """Hours in which pages of low urgency wait for a person, by the clock of the person's own zone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="quiet_hours")
    weekdays = models.JSONField(help_text="The days on which it begins; 0 is Monday.")
    start = models.TimeField()
    end = models.TimeField(help_text="An end before the start is on the next day.")

    class Meta:
        verbose_name_plural = "quiet hours"
        ordering = [F("start").asc(), F("id").asc()]
        constraints = [models.CheckConstraint(condition=~Q(start=F("end")), name="quiet_hours_last")]

    def __str__(self) -> str:
        return f"{self.said}, {self.start:%H:%M} to {self.end:%H:%M}"

    @property
    def days(self) -> frozenset[int]:
        """The weekdays on which it begins."""
        return frozenset(self.weekdays)

    @property
    def said(self) -> str:
        """Those weekdays in words."""
        return rules.days_said(self.days)


class Holiday(models.Model):
    """A date on which pages of low urgency wait for a person, from midnight to midnight."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = [F("day").asc()]
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}".strip()
