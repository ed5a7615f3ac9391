from __future__ import annotations

from django.contrib import admin

from incidents.security.models import SecurityCheck


@admin.register(SecurityCheck)
class SecurityCheckAdmin(admin.ModelAdmin[SecurityCheck]):
    """What keeps a matter of security open. What is asked in an incident already stays as it was."""

    list_display = ("text", "from_rank", "position", "is_active")
    list_editable = ("position", "is_active")
    prepopulated_fields = {"slug": ("text",)}
    ordering = ("position", "pk")
