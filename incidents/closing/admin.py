from __future__ import annotations

from django.contrib import admin

from incidents.closing.models import ClosingCriterion


@admin.register(ClosingCriterion)
class CriterionAdmin(admin.ModelAdmin[ClosingCriterion]):
    """What is confirmed when an incident is resolved. How long it has to be stable before is the severity's."""

    list_display = ("text", "known_by", "position", "is_active")
    list_editable = ("position", "is_active")
    prepopulated_fields = {"slug": ("text",)}
    ordering = ("position", "pk")
