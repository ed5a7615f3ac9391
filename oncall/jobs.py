"""The jobs of on-call, where Celery finds them."""

from oncall.absences.jobs import read_calendars
from oncall.calendars.jobs import read_schedule_calendars

__all__ = ["read_calendars", "read_schedule_calendars"]
