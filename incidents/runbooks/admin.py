from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from incidents.runbooks.models import Runbook

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(Runbook)
class RunbookAdmin(admin.ModelAdmin[Runbook]):
    """Whose a runbook is and when it was looked at. Its text is written on its page, where versions are kept."""

    list_display = ("name", "team", "owner", "severity", "updated_at", "tested_at", "checked_at", "is_active")
    list_filter = ("team", "is_active", "services")
    list_select_related = ("team", "owner", "severity")
    search_fields = ("name", "text", "services__name")
    fields = ("name", "team", "owner", "severity", "tested_at", "checked_at", "is_active")
    readonly_fields = ("name", "severity")
    ordering = ("name", "pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runbooks are written on their own page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Runbook | None = None) -> bool:
        """One that is no more wanted is retired: rooms in which it was used still name it."""
        return False
