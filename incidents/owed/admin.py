from __future__ import annotations

from django.contrib import admin

from incidents.owed.models import OwedRule


@admin.register(OwedRule)
class OwedRuleAdmin(admin.ModelAdmin[OwedRule]):
    """Within how long those outside a room must have heard of its incident, level by level."""

    list_display = (
        "kind",
        "rank",
        "within_seconds",
        "soon_seconds",
        "again_seconds",
        "for_list",
        "is_active",
    )
    list_editable = ("within_seconds", "soon_seconds", "again_seconds", "is_active")
    list_filter = ("kind", "is_active")
    ordering = ("kind", "rank")
