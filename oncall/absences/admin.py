from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.absences.models import Absence, AbsenceCalendar


@admin.register(Absence)
class AbsenceAdmin(ToRead[Absence]):
    """Who is away when, to read: only they change it."""

    list_display = ("user", "start", "end", "note", "calendar")
    list_select_related = ("user", "calendar")
    search_fields = ("user__name", "user__email")
    date_hierarchy = "start"
    ordering = ("start", "id")


@admin.register(AbsenceCalendar)
class AbsenceCalendarAdmin(ToRead[AbsenceCalendar]):
    """The calendars that absences are read from, and why one cannot be; nobody reads their addresses."""

    list_display = ("user", "host", "read_at", "due_at", "error")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "host")
    ordering = ("user__name", "id")
    exclude = ("url", "copy")
