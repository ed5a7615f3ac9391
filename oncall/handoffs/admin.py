from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.handoffs.models import KnownDuty


@admin.register(KnownDuty)
class KnownDutyAdmin(ToRead[KnownDuty]):
    """Who was to have which schedule as far as its people were told, to read."""

    list_display = ("schedule", "until")
    list_select_related = ("schedule",)
    search_fields = ("schedule__name",)
    ordering = ("schedule__name", "schedule")
