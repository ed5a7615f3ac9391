from __future__ import annotations

from django.contrib import admin

from incidents.mitigations.models import Mitigation


@admin.register(Mitigation)
class MitigationAdmin(admin.ModelAdmin[Mitigation]):
    """What can be tried on services. What was tried is not here: it is of incidents, and some are private."""

    list_display = ("name", "service", "kind", "is_temporary", "position", "is_active")
    list_editable = ("position", "is_active")
    list_filter = ("kind", "is_temporary", "service")
    list_select_related = ("service",)
    search_fields = ("name", "steps", "service__name")
    ordering = ("service__name", "position", "pk")
