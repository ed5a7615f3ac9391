from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.lookahead.models import AheadWarning


@admin.register(AheadWarning)
class AheadWarningAdmin(ToRead[AheadWarning]):
    """Of what the owners of schedules were mailed, to read."""

    list_display = ("schedule", "key", "days", "warned_at")
    list_select_related = ("schedule",)
    search_fields = ("schedule__name", "key")
    ordering = ("-warned_at", "-id")
