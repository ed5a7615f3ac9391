from __future__ import annotations

from django.contrib import admin

from incidents.regulators.models import Regime


@admin.register(Regime)
class RegimeAdmin(admin.ModelAdmin[Regime]):
    """Who has to hear of a data breach, and within how long."""

    list_display = ("name", "within_seconds", "remind_percent", "position", "is_active")
    list_editable = ("position", "is_active")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("position", "name")
