from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.weekly.models import WeeklySummary


@admin.register(WeeklySummary)
class WeeklySummaryAdmin(ToRead[WeeklySummary]):
    """Who chose when to get a weekly summary, to read: people choose in their profile, managers for their team."""

    list_display = ("__str__", "is_on", "weekday", "hour", "time_zone")
    list_select_related = ("user", "team")
    list_filter = ("is_on",)
    ordering = ("user__name", "team__name")
