from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ical.models import CalendarCopy
from oncall.calendars.rules import Use
from oncall.schedules.models import Schedule

USES = [(Use.SHIFTS.value, "its events are shifts"), (Use.OVERRIDES.value, "its events are overrides")]


class ScheduleCalendar(CalendarCopy):
    """A calendar kept elsewhere that says who has a schedule. It counts from its creation until it ends."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="calendars")
    name = models.CharField(max_length=60)
    use = models.CharField(max_length=10, choices=USES)
    rank = models.PositiveSmallIntegerField(
        default=100, help_text="Of shifts: a higher one covers the lower ones, rotations among them."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, help_text="From then on it is not asked; what was stays.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("created_at")), name="schedule_calendar_span"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at=None), name="schedule_calendar_due"),
        ]

    def __str__(self) -> str:
        return self.name


class CalendarShift(models.Model):
    """When a calendar has, or had, somebody on call."""

    calendar = models.ForeignKey(ScheduleCalendar, models.CASCADE, related_name="shifts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    start = models.DateTimeField()
    end = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="calendar_shift_span")]
        indexes = [models.Index(fields=["calendar", "end"], name="calendar_shift_end")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"
