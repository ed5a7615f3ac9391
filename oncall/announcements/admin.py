from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.announcements.models import Announcement


@admin.register(Announcement)
class AnnouncementAdmin(ToRead[Announcement]):
    """Where chats say who is on call, what stands there, and why it could not be written."""

    list_display = ("schedule", "destination", "group", "written_at", "error", "removed_at")
    list_select_related = ("schedule", "destination")
    list_filter = ("schedule",)
    search_fields = ("schedule__name", "destination__name", "group")
    ordering = ("schedule__name", "id")
