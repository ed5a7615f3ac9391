from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from incidents.lifecycle.models import EmergencyAccess
from incidents.privacy import queries

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(admin.ModelAdmin[EmergencyAccess]):
    """Looks into private incidents: one's own, and those into incidents that one sees. Only to be read."""

    list_display = ("incident", "user", "opened_at", "ends_at", "ended_at")
    list_select_related = ("incident", "user")
    ordering = ("-opened_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmergencyAccess]:
        """Leave out what an admin may not know of either: a private incident of others."""
        return queries.accesses(request.user)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: it is opened on its own screen, which tells the members."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody: it is a record."""
        return False
