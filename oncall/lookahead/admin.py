from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.lookahead.models import AheadWarning, ScheduleLimits


@admin.register(AheadWarning)
class AheadWarningAdmin(ToRead[AheadWarning]):
    """Of what the owners of schedules were mailed, to read."""

    list_display = ("schedule", "key", "days", "warned_at")
    list_select_related = ("schedule",)
    search_fields = ("schedule__name", "key")
    ordering = ("-warned_at", "-id")


@admin.register(ScheduleLimits)
class ScheduleLimitsAdmin(ToRead[ScheduleLimits]):
    """What is too much for a schedule, to read: managers change it on the schedule's look ahead."""

    list_display = ("schedule", "people", "days", "rest_hours")
    list_select_related = ("schedule",)
    ordering = ("schedule__name", "schedule")
