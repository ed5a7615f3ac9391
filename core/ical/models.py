from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class CalendarCopy(models.Model):
    """Somebody else's iCalendar address, sealed, and the last copy that could be read, which counts."""

    url = models.TextField()
    host = models.CharField(max_length=253)
    etag = models.CharField(max_length=300, blank=True)
    copy = models.BinaryField(null=True)
    due_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    left_out = models.JSONField(default=list, help_text="Events that cannot be read, each with its reason.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True
