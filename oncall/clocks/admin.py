from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.clocks.models import ClockChange, ZoneClock


@admin.register(ZoneClock)
class ZoneClockAdmin(ToRead[ZoneClock]):
    """The clocks of the zones that schedules use, and which zone data they are of, to read."""

    list_display = ("zone", "tzdata", "until", "seen_at")
    search_fields = ("zone",)
    ordering = ("zone",)


@admin.register(ClockChange)
class ClockChangeAdmin(ToRead[ClockChange]):
    """What new zone data moved, to read."""

    list_display = ("schedule", "zone", "tzdata_before", "tzdata", "noticed_at")
    list_select_related = ("schedule",)
    list_filter = ("zone",)
    search_fields = ("schedule__name",)
    ordering = ("-noticed_at", "-pk")
