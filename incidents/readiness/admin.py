from __future__ import annotations

from django.contrib import admin

from incidents.readiness.models import ReadinessQuestion


@admin.register(ReadinessQuestion)
class ReadinessQuestionAdmin(admin.ModelAdmin[ReadinessQuestion]):
    """What people are asked about each service."""

    list_display = ("text", "position", "is_active")
    list_editable = ("position", "is_active")
    prepopulated_fields = {"slug": ("text",)}
    ordering = ("position", "pk")
