from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.calendars.models import ScheduleCalendar


@admin.register(ScheduleCalendar)
class ScheduleCalendarAdmin(ToRead[ScheduleCalendar]):
    """The calendars that schedules are read from, and why one cannot be; nobody reads their addresses."""

    list_display = ("schedule", "name", "host", "use", "rank", "read_at", "error", "ended_at")
    list_select_related = ("schedule",)
    list_filter = ("schedule", "use")
    search_fields = ("name", "host")
    ordering = ("schedule__name", "id")
    exclude = ("url", "copy")
