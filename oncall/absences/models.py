from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ical.models import CalendarCopy


class AbsenceCalendar(CalendarCopy):
    """A person's iCalendar address whose events are absences."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absence_calendars")
    only = models.CharField(
        max_length=60, blank=True, help_text="Only events with this in their title; empty: all."
    )

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="absence_calendar_due")]

    def __str__(self) -> str:
        return f"{self.host} ({self.only})" if self.only else self.host


class Absence(models.Model):
    """A stretch in which a person is not there. It takes nobody off a schedule: it is shown where they are on call."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    calendar = models.ForeignKey(
        AbsenceCalendar, models.CASCADE, null=True, blank=True, related_name="absences"
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="absence_span")]
        indexes = [models.Index(fields=["user", "end"], name="absence_of_user")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC {self.note}".strip()


class HolidayRegion(models.Model):
    """Where a person lives, as far as public holidays are concerned."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="holiday_region")
    country = models.CharField(max_length=2, help_text="ISO 3166, as DE.")
    region = models.CharField(
        max_length=10, blank=True, help_text="A part of it, as BY; empty: the whole country."
    )

    def __str__(self) -> str:
        return f"{self.country}-{self.region}" if self.region else self.country
