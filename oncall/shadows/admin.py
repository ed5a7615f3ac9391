from __future__ import annotations

from django.contrib import admin

from core.ui.to_read import ToRead
from oncall.shadows.models import Shadow


@admin.register(Shadow)
class ShadowAdmin(ToRead[Shadow]):
    """Who shadows whom, to read: managers change it on the schedule's page of shadows."""

    list_display = ("schedule", "trainee", "follows", "is_reverse", "start", "end", "ended_at", "created_by")
    list_select_related = ("schedule", "trainee", "follows", "created_by")
    list_filter = ("schedule", "is_reverse")
    search_fields = ("trainee__name", "follows__name", "reason")
    ordering = ("-start", "-pk")
