"""The jobs of on-call, where Celery finds them."""

from oncall.absences.jobs import read_calendars

__all__ = ["read_calendars"]
